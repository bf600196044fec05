#compdef photoprism
# zsh completion for photoprism, made by: photoprism admin completions zsh

_photoprism_names() {
  local line name
  "${words[1]}" --no-input --timeout 1s users ls --csv -n 200 "$@" 2> /dev/null |
    while IFS= read -r line; do
      name=${${line#*;}%%;*}
      case $name in
        Username | '' | *[^[:alnum:]._@+-]*) ;;
        *) print -r -- "$name" ;;
      esac
    done
}

_photoprism_way() {
  case $1 in
@WAYS@
  esac
}

_photoprism() {
  local cur=${words[CURRENT]} at='' skip='' word names=''
  local -a commands flags found
  for word in "${(@)words[2,CURRENT-1]}"; do
    if [[ -n $skip ]]; then skip=''; else _photoprism_way "$at/$word"; fi
  done
  if [[ -n $skip ]]; then _files; return; fi
  case $at in
@WORDS@
  esac
  if [[ $cur == -* ]]; then
    _describe -o option flags
    return
  fi
  case $names in
    live) found=(${(f)"$(_photoprism_names -- "$cur")"}) ;;
    deleted) found=(${(f)"$(_photoprism_names -r -- "$cur")"}) ;;
  esac
  if (( ${#commands} )); then _describe command commands
  elif (( ${#found} )); then compadd -- "${found[@]}"
  else _files
  fi
}

if [[ $funcstack[1] == _photoprism ]]; then _photoprism "$@"; else compdef _photoprism photoprism; fi
