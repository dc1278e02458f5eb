# fish completion of nettool, tcpserve, tcpconnect and tcpprobe, made from their flags.
# Each of them loads this file by its own name, and one is enough.
functions -q __nettool_where; and exit

# __nettool_where prints where the cursor is: the command, with its subcommand, and how
# many arguments are before it; or "run" and the number of the word at which a program's
# command line begins.
function __nettool_where
    set -l words (commandline -opc)
    set -l name (string replace -r '.*/' '' -- $words[1])
    set -l place 0
    set -l i 1
    while test $i -lt (count $words)
        set i (math $i + 1)
        switch $words[$i]
            case --
                printf '%s\n' run (math $i + 1)
                return
            case '-?*'
                __nettool_takes "$name $words[$i]"; and set i (math $i + 1)
            case '*'
                if test $place = 0; and set -l sub (__nettool_sub "$name $words[$i]")
                    set name $sub
                    continue
                end
                if __nettool_runs "$name $place"
                    printf '%s\n' run $i
                    return
                end
                set place (math $place + 1)
        end
    end
    if __nettool_runs "$name $place"
        printf '%s\n' run (math $i + 1) $name
        return
    end
    printf '%s\n' $name $place
end

# __nettool_in tells whether the cursor is in a command, and in which place of it, if
# that is asked: at a number of arguments, or behind so many (with a + behind it).
function __nettool_in --argument-names name place
    set -l at (__nettool_where)
    test "$at[1]" = "$name"; or test "$at[1]" = run -a "$at[3]" = "$name" -a -z "$place"; or return 1
    switch "$place"
        case ''
            return 0
        case '*+'
            test $at[2] -ge (string trim -c + -- $place)
        case '*'
            test $at[2] = $place
    end
end

function __nettool_in_program
    set -l at (__nettool_where)
    test "$at[1]" = run
end

# __nettool_program completes a program's command line.
function __nettool_program
    set -l at (__nettool_where)
    set -l words (commandline -opc)
    set -l before
    test $at[2] -le (count $words); and set before (string escape -- $words[$at[2]..])
    set -l current (commandline -ct)
    test -z "$before"; and string match -q -- '-*' $current; and return
    complete --do-complete=(string join ' ' -- $before $current)
end

# __nettool_address offers kinds of addresses, hosts, and paths of unix sockets.
function __nettool_address
    set -l current (string replace -r '^--[a-z0-9-]+=' '' -- (commandline -ct))
    switch $current
        case 'unix:*' 'unixgram:*' 'tls:*' 'udp:*' 'tcp4:*' 'tcp6:*' 'icmp:*'
            set -l kind (string replace -r ':.*' ':' -- $current)
            set -l rest (string replace -r '^[^:]*:' '' -- $current)
            if string match -q 'unix*' -- $kind
                printf '%s\n' $kind(__fish_complete_path $rest)
            else
                printf '%s\n' $kind(__fish_print_hostnames)
            end
        case '@*'
            printf '%s\n' @(__fish_complete_path (string sub -s 2 -- $current))
        case '/*' './*' '../*'
            __fish_complete_path $current
        case ''
            printf '%s\n' $argv
        case '*'
            printf '%s\n' $argv
            __fish_print_hostnames
    end
end

# __nettool_offer is complete(1) for a command: for the program of that name, and for
# nettool with it.
function __nettool_offer --argument-names name place
    for program in nettool (string split ' ' -- $name)[1]
        complete -c $program -n "__nettool_in '$name' $place" $argv[3..]
    end
end

