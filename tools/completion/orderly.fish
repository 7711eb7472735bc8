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

# Of `orderly jobs`: the action, which options may stand in front of, and what the list that the line says has.
function __orderly_jobs_action
	set -l valued -s -j --store --taker --ext --payload --payload-file --fingerprint --require --after --max-takers --range --label --filter --filter-command --filter-every --retries --killed-retries --heartbeat --timeout --sync --pick --stale --progress --fn --jobs --stop-file --log --attempt --why --pid --progress-table --state
	set -l words (commandline -opc)
	set -l i 3
	while test $i -le (count $words)
		if contains -- $words[$i] $valued
			set i (math $i + 1)
		else if not string match -q -- '-*' $words[$i]
			echo $words[$i]
			return
		end
		set i (math $i + 1)
	end
end

function __orderly_jobs_list
	set -l words (commandline -opc)
	set -l options
	set -l i 3
	while test $i -lt (count $words)
		if contains -- $words[$i] -s --store --ext
			set -a options $words[$i] $words[(math $i + 1)]
			set i (math $i + 1)
		end
		set i (math $i + 1)
	end
	timeout 5 orderly jobs status $options $argv 2>/dev/null </dev/null
end

function __orderly_jobs_stores
	set -l word (commandline -ct)
	switch $word
		case 'dir:*'
			printf 'dir:%s\n' (__fish_complete_directories (string replace dir: '' -- $word) '' | string replace -r '\t.*' '')
		case 'sqlite:*'
			printf 'sqlite:%s\n' (__fish_complete_path (string replace sqlite: '' -- $word) | string replace -r '\t.*' '')
		case '*'
			set -l lists *.sqlite
			printf '%s\n' dir: sqlite: postgresql:// memory: $lists
	end
end

function __orderly_jobs
	test "$(__orderly_command)" = jobs; and contains -- "$(__orderly_jobs_action)" $argv
end

complete -c orderly -n '__orderly_jobs ""' -f \
	-a '(orderly help jobs 2>/dev/null | sed -n "s/.*orderly jobs \[OPTION\.\.\.\] \([a-z][a-z]*\).*/\1/p")'
complete -c orderly -n '__orderly_jobs done fail requeue' -f -a '(__orderly_jobs_list --names --state running)'
complete -c orderly -n '__orderly_jobs retry' -f -a '(__orderly_jobs_list --names --state failed --state killed --state canceled)'
complete -c orderly -n '__orderly_jobs cancel' -f -a '(__orderly_jobs_list --names --state waiting --state blocked --state running)'
complete -c orderly -n '__orderly_jobs clear' -f -a '(__orderly_jobs_list --names --state done --state failed --state killed --state canceled)'
set -l jobs 'test "$(__orderly_command)" = jobs'
complete -c orderly -n $jobs -s s -l store -x -a '(__orderly_jobs_stores)'
complete -c orderly -n '__orderly_jobs requeue' -l taker -x -a '(__orderly_jobs_list --takers)'
complete -c orderly -n '__orderly_jobs add' -l after -x -a '(__orderly_jobs_list --names)'
complete -c orderly -n $jobs -l state -x -a 'waiting running done failed killed blocked canceled all'
complete -c orderly -n $jobs -l pick -x -a 'added lexical random'
complete -c orderly -n $jobs -l progress -x -a 'auto bar plain json none'
for option in ext payload fingerprint require max-takers range label filter filter-command filter-every retries killed-retries heartbeat timeout sync stale fn jobs attempt why pid
	complete -c orderly -n $jobs -l $option -x
end
for option in payload-file stop-file log progress-table
	complete -c orderly -n $jobs -l $option -r -F
end
