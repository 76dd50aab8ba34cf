/** Shells whose words are completed. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** What a shell runs to have words completed: each asks `linarite complete -- WORDS`, which prints a word a line. */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# eval "$(linarite completion bash)"
_linarite() {
  local left="\${COMP_LINE:0:COMP_POINT}" index word blanks found breaks= kept=
  local -a typed=()
  # Bash breaks words at colons and equals signs as well, and ids have some.
  for ((index = 0; index <= COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    blanks=\${left%%[![:space:]]*}
    left=\${left#"$blanks"}
    left=\${left#"$word"}
    if [[ -n $blanks || \${#typed[@]} -eq 0 ]]; then typed+=("$word"); else typed[\${#typed[@]}-1]+=$word; fi
  done
  word=\${typed[\${#typed[@]}-1]}
  # What stands before the last such sign stays as it is typed.
  [[ $COMP_WORDBREAKS == *:* ]] && breaks+=:
  [[ $COMP_WORDBREAKS == *=* ]] && breaks+==
  [[ -n $breaks ]] && kept=\${word%"\${word##*["$breaks"]}"}
  COMPREPLY=()
  while IFS= read -r found; do
    [[ $found == "$word"* ]] && COMPREPLY+=("\${found#"$kept"}")
  done < <("\${COMP_WORDS[0]}" complete -- "\${typed[@]:1}" 2>/dev/null)
}
complete -o default -F _linarite linarite ./linarite
`,
  zsh: `# eval "$(linarite completion zsh)"
_linarite() {
  local -a found
  found=(\${(f)"$("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  compadd -a found
}
compdef _linarite linarite ./linarite
`,
  fish: `# linarite completion fish | source
function __linarite
  set -l words (commandline -opc) (commandline -ct)
  $words[1] complete -- $words[2..-1] 2>/dev/null
end
complete -c linarite -f -a '(__linarite)'
`,
};
