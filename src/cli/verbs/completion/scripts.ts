/**
 * Scripts that a shell runs when TAB is pressed. They call `forkpoint completion` with the words so far, each after a
 * `=`.
 */

/** Scripts by shell. */
export const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `# forkpoint completion for bash: source <(forkpoint completion bash)
_forkpoint() {
  local word line last= strip
  local -a words=()
  COMPREPLY=()
  # bash cuts words at : and =, which ids may have.
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if [[ \${#words[@]} -gt 0 && ( $word == [:=]* || $last == [:=] ) ]]; then
      words[\${#words[@]}-1]+=$word
    else
      words+=("$word")
    fi
    last=$word
  done
  word=\${words[\${#words[@]}-1]}
  strip=\${word%"\${word##*[:=]}"}
  while IFS= read -r line; do
    printf -v line %q "\${line#"$strip"}"
    COMPREPLY+=("$line")
  done < <("\${COMP_WORDS[0]}" completion bash "\${words[@]/#/=}" 2>/dev/null)
}
complete -o default -F _forkpoint forkpoint
`,
  zsh: `#compdef forkpoint
# forkpoint completion for zsh: source <(forkpoint completion zsh)
_forkpoint() {
  local -a given found
  given=("\${(@Q)words[2,CURRENT]}")
  found=("\${(@f)$("\${words[1]}" completion zsh "\${(@)given/#/=}" 2>/dev/null)}")
  if [[ -z \${found[1]} ]]; then
    _files
  else
    compadd -a found
  fi
}
if [[ \${funcstack[1]} == _forkpoint ]]; then
  _forkpoint "$@"
else
  compdef _forkpoint forkpoint
fi
`,
  fish: `# forkpoint completion for fish: forkpoint completion fish | source
function __forkpoint_complete
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    set -l last (commandline -ct)
    set -a words "$last"
    $program completion fish (string replace -r '^' '=' -- $words) 2>/dev/null
end
complete -c forkpoint -f -a '(__forkpoint_complete)'
for option in store output prices workspace rules
    complete -c forkpoint -l $option -r -F
end
`,
}
