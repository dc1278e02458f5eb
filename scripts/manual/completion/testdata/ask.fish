# ask.fish SCRIPT: completes command lines, a line of input each; the answer is a line, too.
source $argv[1]; or exit
while read --line line
    printf '%s\1' $line (complete --do-complete=$line | string replace -r '\t.*' '')
    printf '\n'
end
