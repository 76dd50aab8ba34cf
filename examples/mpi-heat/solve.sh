# On the first of the nodes: solves twice what has an exact solution, then what has none, and draws it. solve.sh NODES SIZE
set -euo pipefail
# Nodes of one machine that share its network have addresses of the loopback.
case $AZ_BATCH_HOST_LIST in 127.*) network=(--mca btl_tcp_if_include lo --mca oob_tcp_if_include lo) ;; *) network=() ;; esac
together() {
  # They may have less than a processor each: who waits lets others go on. TCP is what all of them have.
  mpirun --host "$AZ_BATCH_HOST_LIST" --map-by node -np "$nodes" --mca plm_rsh_agent "$AZ_BATCH_TASK_SHARED_DIR/start.py" --mca btl self,tcp \
    --mca mpi_yield_when_idle 1 ${network[@]+"${network[@]}"} "$AZ_BATCH_TASK_SHARED_DIR/heat" "$@"
}
nodes=$1 size=$2
{
  together exact $((size / 2)) 0.01
  together exact "$size" 0.01
  together plate "$size" 0.01 frames.raw
} | tee lines.txt
python3 "$AZ_BATCH_TASK_SHARED_DIR/draw.py" lines.txt frames.raw heat.png > report.txt
