# bash completion for photoprism, made by: photoprism admin completions bash

_photoprism_names() {
  local name
  "${COMP_WORDS[0]}" --no-input --timeout 1s users ls --csv -n 200 "$@" 2> /dev/null |
    while IFS=';' read -r _ name _; do
      case $name in
        Username | '' | *[!-[:alnum:]._@+]*) ;;
        *) printf '%s\n' "$name" ;;
      esac
    done
}

_photoprism_way() {
  case $1 in
@WAYS@
  esac
}

_photoprism() {
  local cur=${COMP_WORDS[COMP_CWORD]} at='' skip='' word names='' words
  local -a commands flags
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [ -n "$skip" ]; then skip=''; else _photoprism_way "$at/$word"; fi
  done
  if [ -n "$skip" ]; then return; fi
  case $at in
@WORDS@
  esac
  if [[ $cur == -* ]]; then words=${flags[*]}
  elif [ "$names" = live ]; then words=$(_photoprism_names -- "$cur")
  elif [ "$names" = deleted ]; then words=$(_photoprism_names -r -- "$cur")
  else words=${commands[*]}
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -o default -F _photoprism photoprism
