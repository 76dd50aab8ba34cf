# make_clips DIRECTORY COUNT: short films with motion, uncompressed enough to have something to gain.
make_clips() {
  local number pattern patterns=(testsrc2 mandelbrot life=random_seed=1:s=320x240:mold=10:r=25:ratio=0.2:death_color=#c83232:life_color=#00ff00 testsrc)
  for ((number = 1; number <= $2; number++)); do
    pattern=${patterns[$(((number - 1) % ${#patterns[@]}))]}
    case $pattern in *=*) ;; *) pattern=$pattern=s=320x240:r=25 ;; esac
    ffmpeg -nostdin -loglevel error -f lavfi -i "$pattern" -t 4 -pix_fmt yuv420p -c:v mjpeg -q:v 3 "$1/clip$number.avi"
  done
}
