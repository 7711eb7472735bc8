# Completion of orderly for fish: commands and options as the help texts have them, names of procs as the graph's file
# has them. Installed as share/fish/vendor_completions.d/orderly.fish.

function __orderly_commands
	orderly help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\)  *\(.*\)/\1\t\2/p'
end

function __orderly_command
	set -l words (commandline -opc)
	test (count $words) -gt 1; and echo $words[2]
end

# The first word behind `orderly graph` that is no option.
function __orderly_action
	set -l words (commandline -opc)
	set -l i 3
	while test $i -le (count $words)
		switch $words[$i]
			case -f -C -p -e --file --directory --param --env
				set i (math $i + 1)
			case '-*'
			case '*'
				echo $words[$i]
				return
		end
		set i (math $i + 1)
	end
end

function __orderly_names
	set -l words (commandline -opc)
	set -l options
	set -l i 3
	while test $i -lt (count $words)
		if contains -- $words[$i] -f -C -p -e --file --directory --param --env
			set -a options $words[$i] $words[(math $i + 1)]
			set i (math $i + 1)
		end
		set i (math $i + 1)
	end
	orderly graph $options list --names 2>/dev/null </dev/null
end

function __orderly_options
	orderly help (__orderly_command) 2>/dev/null | grep -oE -- '--[a-z][a-z-]+' | sort -u
end

complete -c orderly -n 'test -z "$(__orderly_command)"' -f -a '(__orderly_commands)'
complete -c orderly -n 'test "$(__orderly_command)" = help' -f -a '(__orderly_commands)'
complete -c orderly -n 'string match -q -- "-*" (commandline -ct)' -f -a '(__orderly_options)'
complete -c orderly -n 'test "$(__orderly_command)" = run' -f -a '(__orderly_names)'
complete -c orderly -n 'test "$(__orderly_command)" = graph; and test -z "$(__orderly_action)"' -f \
	-a '(orderly help graph 2>/dev/null | sed -n "s/^  \([a-z][a-z]*\) .*/\1/p")'
complete -c orderly -n 'test "$(__orderly_command)" = graph; and contains -- "$(__orderly_action)" list dot mermaid json env why stats touch forget' -f \
	-a '(__orderly_names)'
complete -c orderly -n 'test "$(__orderly_command)" = jobs; and test -z "$(__orderly_action)"' -f \
	-a '(orderly help jobs 2>/dev/null | sed -n "s/.*orderly jobs \[OPTION\.\.\.\] \([a-z][a-z]*\).*/\1/p")'
complete -c orderly -n 'test "$(__orderly_command)" = jobs' -l state -x -a 'waiting done failed killed blocked canceled all'
complete -c orderly -n 'test "$(__orderly_command)" = jobs' -l progress -x -a 'auto bar plain json none'
