# Sourced by start.sh and collect.sh: how a step tells its platform of variables, results, secrets and errors.
# GitHub reads files that it names, Azure Pipelines reads lines of the output, anywhere else a file of `export` lines is
# sourced by later steps (LINARITE_ENV_FILE).

if [ -n "${GITHUB_ENV:-}" ]; then platform=github
elif [ -n "${TF_BUILD:-}" ]; then platform=azure
else platform=other
fi

# Values are single lines: keys, names, addresses, paths.
variable() {
  case $platform in
    github) printf '%s=%s\n' "$1" "$2" >>"$GITHUB_ENV" ;;
    azure) printf '##vso[task.setvariable variable=%s]%s\n' "$1" "$2" ;;
    other) printf "export %s='%s'\n" "$1" "$2" >>"$LINARITE_ENV_FILE" ;;
  esac
}
# Later output shows stars instead. Azure Pipelines hands secret variables to no step by itself, so the keys, which are
# this job's alone, are variables like others there.
secret() {
  case $platform in
    github) printf '::add-mask::%s\n' "$2" ;;
    *) ;;
  esac
  variable "$1" "$2"
}
result() {
  case $platform in
    github) [ -z "${GITHUB_OUTPUT:-}" ] || printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT" ;;
    azure) printf '##vso[task.setvariable variable=%s;isOutput=true]%s\n' "$1" "$2" ;;
    other) ;;
  esac
}
fail() {
  case $platform in
    github) printf '::error title=Linarite::%s\n' "$*" ;;
    azure) printf '##vso[task.logissue type=error]Linarite: %s\n' "$*" ;;
    other) ;;
  esac
  printf 'linarite: %s\n' "$*" >&2
  exit 1
}
