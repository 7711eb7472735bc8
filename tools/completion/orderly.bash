# Completion of orderly for bash: commands and options as the help texts have them, names of procs as the graph's file
# has them. Installed as share/bash-completion/completions/orderly.

# The words of the line up to the cursor: bash itself breaks names at their colons.
_orderly_line() {
	local line=${COMP_LINE:0:COMP_POINT}
	read -ra words <<<"$line"
	case "$line" in
	*[[:blank:]]) words+=('') ;;
	esac
	word=${words[-1]}
}

_orderly_commands() { "${words[0]}" help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\)  *.*/\1/p'; }
_orderly_actions() { "${words[0]}" help graph 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'; }
# `orderly help jobs` has a line of usage for each action.
_orderly_jobs() { "${words[0]}" help jobs 2>/dev/null | sed -n 's/.*orderly jobs \[OPTION\.\.\.\] \([a-z][a-z]*\).*/\1/p' | sort -u; }
_orderly_options() { "${words[0]}" help "$command" 2>/dev/null | grep -oE -- '--[a-z][a-z-]+' | sort -u; }

# Of `orderly jobs`: options with a value, and the action, which options may stand in front of.
_orderly_jobs_valued=' -s -j --store --taker --ext --payload --payload-file --fingerprint --require --after --max-takers --range --label --filter --filter-command --filter-every --retries --killed-retries --heartbeat --timeout --sync --pick --stale --progress --fn --jobs --stop-file --log --attempt --why --pid --progress-table --state '
_orderly_jobs_action() {
	local i
	for ((i = 2; i < ${#words[@]} - 1; i++)); do
		case "${words[i]}" in
		-*) [[ $_orderly_jobs_valued != *" ${words[i]} "* ]] || i=$((i + 1)) ;;
		*)
			echo "${words[i]}"
			return
			;;
		esac
	done
}

# What the list that the line says has: names of jobs, or of takers.
_orderly_jobs_list() {
	local i options=()
	for ((i = 2; i < ${#words[@]} - 2; i++)); do
		case "${words[i]}" in
		-s | --store | --ext) options+=("${words[i]}" "${words[++i]}") ;;
		esac
	done
	timeout 5 "${words[0]}" jobs status "${options[@]}" "$@" </dev/null 2>/dev/null | while IFS= read -r i; do printf '%q\n' "$i"; done
}

_orderly_jobs_words() {
	local action
	action=$(_orderly_jobs_action)
	case "$1" in
	-s | --store)
		case "$word" in
		dir:*) compgen -P dir: -d -- "${word#dir:}" ;;
		sqlite:*) compgen -P sqlite: -f -- "${word#sqlite:}" ;;
		*) printf '%s\n' dir: sqlite: postgresql:// memory: *.sqlite ;;
		esac
		;;
	--taker) [ "$action" != requeue ] || _orderly_jobs_list --takers ;;
	--state) printf '%s\n' waiting running done failed killed blocked canceled all ;;
	--pick) printf '%s\n' added lexical random ;;
	--progress) printf '%s\n' auto bar plain json none ;;
	--after) _orderly_jobs_list --names ;;
	*)
		[[ $_orderly_jobs_valued != *" $1 "* ]] || return
		case "$action" in
		'') _orderly_jobs ;;
		done | fail | requeue) _orderly_jobs_list --names --state running ;;
		retry) _orderly_jobs_list --names --state failed --state killed --state canceled ;;
		cancel) _orderly_jobs_list --names --state waiting --state blocked --state running ;;
		clear) _orderly_jobs_list --names --state done --state failed --state killed --state canceled ;;
		esac
		;;
	esac
}

# The names of procs, in the file that the line says.
_orderly_names() {
	local i options=()
	for ((i = 2; i < ${#words[@]} - 1; i++)); do
		case "${words[i]}" in
		-f | -C | -p | -e | --file | --directory | --param | --env) options+=("${words[i]}" "${words[++i]}") ;;
		-[fCpe]?* | --file=* | --directory=* | --param=* | --env=*) options+=("${words[i]}") ;;
		esac
	done
	"${words[0]}" graph "${options[@]}" list --names </dev/null 2>/dev/null
}

# What may stand where the cursor is, one per line; files: nothing of ours.
_orderly_candidates() {
	local previous=${words[-2]} i action=
	[ "${#words[@]}" -gt 2 ] || {
		_orderly_commands
		return
	}
	case "$word" in
	-*)
		_orderly_options
		return
		;;
	esac
	if [ "$command" = jobs ]; then
		_orderly_jobs_words "$previous"
		return
	fi
	case "$previous" in
	--progress) printf '%s\n' auto bar plain json none ;;
	-[a-zA-Z] | --file | --directory | --param | --env) [ "$previous" = -k ] || [ "$previous" = -n ] || return ;;
	esac
	case "$command" in
	help) _orderly_commands ;;
	run) _orderly_names ;;
	graph)
		for ((i = 2; i < ${#words[@]} - 1; i++)); do
			case "${words[i]}" in
			-f | -C | -p | -e) i=$((i + 1)) ;;
			-*) ;;
			*) action=${action:-${words[i]}} ;;
			esac
		done
		case "$action" in
		'') _orderly_actions ;;
		check | schema) ;;
		*) _orderly_names ;;
		esac
		;;
	esac
}

_orderly() {
	local words=() word command candidate prefix
	_orderly_line
	command=${words[1]-}
	COMPREPLY=()
	case "$COMP_WORDBREAKS" in
	*:*) prefix=${word%"${word##*:}"} ;;
	*) prefix= ;;
	esac
	while IFS= read -r candidate; do
		case "$candidate" in
		"$word"*) COMPREPLY+=("${candidate#"$prefix"}") ;;
		esac
	done < <(_orderly_candidates)
	# A name or an address that is not finished: something that may be anything follows.
	case "${#COMPREPLY[@]}${COMPREPLY[0]-}" in
	1*: | 1*://) compopt -o nospace 2>/dev/null || true ;;
	esac
}

complete -o bashdefault -o default -F _orderly orderly
