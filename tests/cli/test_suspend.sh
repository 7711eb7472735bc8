#!/bin/bash
# Ctrl-Z in a terminal: the command and all that it runs stand still, and fg goes on with them.
. "$(dirname "$0")/lib.sh"

command -v tmux >/dev/null || finish
terminal() { tmux -f /dev/null -L "$mark" "$@"; }
screen() { terminal capture-pane -p -t 0; }
shows() { screen | grep -Eq -- "$1"; }
trap 'terminal kill-server 2>/dev/null' EXIT
terminal new-session -d -x 400 -y 20 "PS1='$ ' exec bash --norc --noprofile"
within 100 shows '\$' || fail "no terminal"

# Whether both commands stand still: stopped, or waiting for a child that is stopped between vfork and exec.
commands_stand_still() {
	local path count=0
	for path in $(marked_processes); do
		case "$(tr '\0' ' ' <"${path%environ}cmdline" 2>/dev/null)" in
		*COMMAND*)
			case "$(sed 's/^.*) \(.\).*/\1/' "${path%environ}stat")" in
			T | D) count=$((count + 1)) ;;
			*) return 1 ;;
			esac ;;
		esac
	done
	[ "$count" -ge 2 ]
}
begun() { [ -e "begun$1" ]; }
count() { cat "$work"/beat* | wc -l; }

begin() { # OPTIONS: two commands that beat until they are told to end
	rm -f "$work"/begun* "$work"/beat* "$work/end"
	terminal send-keys -t 0 "clear" Enter
	terminal send-keys -t 0 "cd '$work'; ORDERLY_TEST_MARK=$mark '$ORDERLY' map $1 -j2 ': COMMAND; >begun{}; until [ -e end ]; do echo x >>beat{}; sleep 0.02; done; echo out {}' ::: 1 2 3; echo status \$?" Enter
	within 100 begun 1 && within 100 begun 2 || fail "nothing began: $(screen)"
}

for options in "" "--timeout 100"; do
	begin "$options"
	terminal send-keys -t 0 C-z
	within 100 shows 'Stopped' || fail "Ctrl-Z $options: $(screen)"
	within 100 commands_stand_still || fail "Ctrl-Z $options: commands run on"
	before=$(count)
	sleep 0.5
	same "Ctrl-Z $options: beats of commands that stand still" "$before" "$(count)"
	terminal send-keys -t 0 "fg" Enter
	more() { [ "$(count)" -gt "$before" ]; }
	within 100 more || fail "fg $options: nothing goes on: $(screen)"
	# And once more.
	terminal send-keys -t 0 C-z
	stopped_twice() { [ "$(screen | grep -c Stopped)" -ge 2 ]; }
	within 100 stopped_twice || fail "Ctrl-Z again $options: $(screen)"
	within 100 commands_stand_still || fail "Ctrl-Z again $options: commands run on"
	terminal send-keys -t 0 "fg" Enter
	touch end
	within 100 shows '^out 3' || fail "fg again $options: no end: $(screen)"
	same "output $options" $'out 1\nout 2\nout 3' "$(screen | grep '^out')"
	within 100 nothing_left || fail "processes are left"
done

# What stands still can be ended, too.
begin ""
terminal send-keys -t 0 C-z
within 100 commands_stand_still || fail "before the end: commands run on"
terminal send-keys -t 0 "kill -KILL %1" Enter
within 100 nothing_left || fail "killed while it stood still: processes are left"
finish
