# fish completion for photoprism, made by: photoprism admin completions fish

function __photoprism_names
    set -l words (commandline -opc)
    set -l rows (command $words[1] --no-input --timeout 1s users ls --csv -n 200 $argv -- (commandline -ct) 2>/dev/null)
    for row in $rows
        set -l name (string split -f 2 ';' -- $row)
        string match -qr '^[-\w.@+]+$' -- $name; and test "$name" != Username; and echo $name
    end
end

function __photoprism_at
    set -l at ''
    set -l skip 0
    for word in (commandline -opc)[2..]
        if test $skip = 1
            set skip 0
            continue
        end
        switch "$at/$word"
@WAYS@
        end
    end
    test "$at" = "$argv[1]"
end

@WORDS@
