/** Shells whose words are completed. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** What a shell runs to have words completed: each asks `linarite complete -- WORDS`, which prints a word a line. */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# eval "$(linarite completion bash)"
_linarite() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$("\${COMP_WORDS[0]}" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _linarite linarite ./linarite
`,
  zsh: `# eval "$(linarite completion zsh)"
_linarite() {
  local -a found
  found=("\${(@f)$("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
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
