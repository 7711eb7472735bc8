#!/bin/bash
# orderly graph: what it shows of a file, where it looks for one, and completion, which asks it.
. "$(dirname "$0")/lib.sh"
needs_run
graph() { orderly graph "$@"; }

# shows STATUS STDOUT ARGUMENT...: the exit status and the output
shows() {
	local status=$1 out=$2 found
	shift 2
	found=$(graph "$@" </dev/null 2>stderr)
	same "exit status of graph $*" "$status" "$?"
	same "output of graph $*" "$out" "$found"
}

mkdir -p project/sub/deep
cd project || exit 1
cat >orderly.yaml <<'E'
params: {opt: -O2}
env: {LANG_X: graph, HOME_X: graph, SHARED: graph}
dotenv: [.env]
procs:
  setup: {run: 'true', desc: make the directories}
  build::[target]:
    choices: {target: [core, net]}
    args: {level: {type: int, default: 3}}
    deps: [setup]
    env: {FLAGS: "[param.opt] [target]"}
    run: echo [target]
  test::[target]::[san]:
    choices: {target: [core], san: {command: echo asan; echo tsan}}
    deps: ["build::[target]", {command: "echo setup"}]
    run: 'true'
  open::[x]: {run: 'true'}
E
printf 'SHARED=dotenv\nONLY=dotenv\n' >.env

# check
shows 0 '' check
same "check says nothing of a good file" '' "$(cat stderr)"
shows 0 '' check --plan
cp orderly.yaml ../good.yaml
printf 'procs:\n  a: {rnu: x}\n' >../bad.yaml
printf 'procs:\n  a: {deps: [b]}\n  b: {deps: [a]}\n  c: {deps: [none]}\n' >../cycle.yaml
shows 4 '' check ../good.yaml ../bad.yaml
has "what is wrong, with its place" "$(cat stderr)" '^bad.yaml:2:7: '
has "the caret" "$(cat stderr)" '^ +\| +\^$'
has "the key that was meant" "$(cat stderr)" 'run'
shows 0 '' check ../cycle.yaml
shows 1 '' check --plan ../cycle.yaml
has "a cycle" "$(cat stderr)" 'a -> b -> a'
has "a dep that is not there" "$(cat stderr)" 'c needs none: there is no proc'
shows 4 '' check ../none.yaml
has "a file that is not there" "$(cat stderr)" 'none.yaml'

# schema
graph schema >schema.json
python3 - schema.json <<'E' || fail "the schema is JSON with the keys of a file"
import json, sys
keys = json.load(open(sys.argv[1]))["allOf"][0]["properties"]
assert "procs" in keys and "options" in keys
E
# Every key is in the manual page.
page=$source_tree/docs/man/orderly.yaml.5
for key in $(python3 - schema.json <<'E'
import json, sys
def walk(node):
    if isinstance(node, dict):
        for key in node.get("properties", {}):
            print(key)
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            walk(one)
walk(json.load(open(sys.argv[1])))
E
); do
	grep -qE "^\.(It )?Li \"?$key\b" "$page" || fail "orderly.yaml(5) does not tell of $key"
done

# list, from below
cd sub/deep || exit 1
shows 0 'setup                  make the directories
build::[target]
    target: core, net
    level: int = 3
test::[target]::[san]
    target: core
    san: asan, tsan
open::[x]
    x: any' list
shows 0 'build::[target]
    target: core, net
    level: int = 3' list 'build*'
names='setup
build::core
build::net
test::core::asan
test::core::tsan
open::'
shows 0 "$names" list --names
shows 0 $'test::core::asan\ntest::core::tsan' list --names 'test::*'
cd ../.. || exit 1
shows 0 "$names" -C sub/deep list --names
cd / || exit 1
shows 0 "$names" -f "$work/project/orderly.yaml" list --names
cd "$work" || exit 1
mkdir empty && cd empty || exit 1
shows 4 '' list
has "no file" "$(cat stderr)" 'no orderly.yaml, orderly.yml or orderly.json in .* or above'
echo 'procs: {j: {}}' >orderly.json
shows 0 'j' list
echo 'procs: {y: {}}' >orderly.yml
shows 4 '' list
has "two files" "$(cat stderr)" 'both orderly.yml and orderly.json'
cd ../project || exit 1

# dot, mermaid, json
shows 0 'digraph orderly {
	rankdir=LR;
	node [shape=box];
	n0 [label="setup", style=dashed];
	n1 [label="build::net", style=dashed];
	n0 -> n1;
}' dot build::net
shows 0 'flowchart LR
	classDef failed fill:#f4c7c3,stroke:#b00020
	classDef well fill:#d7efd6,stroke:#2e7d32
	classDef new stroke-dasharray:4
	classDef group stroke:#999999
	n0["setup"]:::new
	n1["build::#91;target#93;<br>2 procs"]:::new
	n2["test::#91;target#93;::#91;san#93;<br>2 procs"]:::new
	n0 --> n1
	n0 --> n2
	n1 --> n2' mermaid --protos
graph json >all.json
same "JSON" 'setup: 
build::core: setup
build::net: setup
test::core::asan: build::core setup
test::core::tsan: build::core setup' "$(python3 - all.json <<'E'
import json, sys
graph = json.load(open(sys.argv[1]))
assert graph["version"] == 1
for proc in graph["procs"]:
    print(proc["name"] + ": " + " ".join(sorted(proc["deps"])))
assert graph["procs"][1]["args"] == {"target": "core", "level": "3"}
assert graph["procs"][0]["desc"] == "make the directories"
E
)"
if command -v dot >/dev/null; then
	graph dot | dot -Tsvg >/dev/null || fail "dot reads it"
fi
shows 1 '' dot nobody
has "a name that is none" "$(cat stderr)" 'nobody: there is no proc'

# env
HOME_X=process shows 0 'FLAGS=-O3 net	the proc' -p opt=-O3 env build::net FLAGS
HOME_X=process shows 0 'HOME_X=process	the environment
LANG_X=graph	the graph orderly.yaml:2
SHARED=dotenv	dotenv .env:1
ORDERLY_ARG_level=3	orderly' env build::net HOME_X LANG_X SHARED ORDERLY_ARG_level
HOME_X=process shows 0 'HOME_X=call	-e
FLAGS=-O2 net	the proc' -e HOME_X=call -e FLAGS=call env build::net HOME_X FLAGS
HOME_X=process graph env build::net >all
has "all of it" "$(cat all)" '^ONLY=dotenv	dotenv .env:2$'
grep -q '^PATH=' all && fail "the environment is not listed without -a"
graph env -a build::net | grep -q '^PATH=' || fail "-a lists the environment"
# What is said is what a command finds.
HOME_X=process orderly run -e CALL_X=call build::net >/dev/null 2>&1
cat >>orderly.yaml <<'E'
  show: {env: {OWN: '1'}, run: 'echo $HOME_X $LANG_X $SHARED $ONLY $OWN $CALL_X'}
E
same "as it is run" 'process graph dotenv dotenv 1 call' "$(HOME_X=process orderly run -e CALL_X=call show 2>/dev/null)"
shows 1 '' env build::net NO_SUCH
shows 1 '' env 'build::*'
shows 1 '' env nobody

# arguments
shows 2 ''
has "no action" "$(cat stderr)" 'say what: check, schema'
shows 2 '' lits
has "an action that is nearly one" "$(cat stderr)" "did you mean 'list'"
shows 2 '' env
shows 2 '' list a b
shows 2 '' -p x list
has "a param without value" "$(cat stderr)" 'say NAME=VALUE'

# options of --help and of the page
page=$source_tree/docs/man/orderly-graph.1
graph --help | grep -oE -- '--[a-z][a-z-]+' | sort -u | grep -vE '^--(usage|help|version)$' >ours
grep '^\.It' "$page" | grep -oE 'Fl -[a-z][a-z-]+' | sed 's/Fl /-/' | sort -u >pages
same "options of --help and of the page" "$(cat ours)" "$(cat pages)"
if command -v mandoc >/dev/null; then
	for page in "$source_tree"/docs/man/orderly-graph.1 "$source_tree"/docs/man/orderly.yaml.5; do
		same "mandoc -Tlint $(basename "$page")" "" "$(mandoc -Tlint -Wstyle "$page" 2>&1 |
			grep -vE 'referenced manual not found|mandoc\.db')"
	done
fi

# why, stats, touch, forget: what is remembered
mkdir -p "$work/history" && cd "$work/history" || exit 1
cat >orderly.yaml <<'END'
version: 1
procs:
  first:
    run: cat in > mid
    inputs: [in]
    outputs: [mid]
  second:
    run: cat mid > out
    deps: [first]
    inputs: [mid]
    outputs: [out]
END
echo 1 >in
same "why, before anything ran" "first: runs: there is no record of a success
second: runs
  there is no record of a success" "$("$ORDERLY" graph why second)"
same "nothing is written by it" "in orderly.yaml" "$(ls -A | xargs)"
"$ORDERLY" graph touch first 2>touched && fail "touch without an output"
grep -q "its output mid is not there" touched || fail "touch names the output: $(cat touched)"
echo 1 >mid && echo 1 >out
"$ORDERLY" graph touch first second || fail "touch"
same "why, touched" "first: up to date
second: up to date" "$("$ORDERLY" graph why)"
echo 22 >in
same "why, a new input" "first: runs
  input in changed (size 2 -> 3)
second: runs: dep first has a new version" "$("$ORDERLY" graph why first second | sed 's/ version ([0-9]*)/ version/; /^  dep/d; s/^second: runs$/second: runs: dep first has a new version/')"
"$ORDERLY" graph stats | grep -q '^longest way: ' || fail "stats"
"$ORDERLY" graph forget 'sec*' || fail "forget"
"$ORDERLY" graph forget second 2>/dev/null && fail "forget what is not known"
same "why, forgotten" "  there is no record of a success" "$("$ORDERLY" graph why second | sed -n '/^second/{n;p;}')"
"$ORDERLY" graph --db other.db why first | grep -q 'no record' || fail "--db"
[ ! -e other.db ] || fail "why makes a database"
cd "$work/project" || exit 1

# completion: what bash would offer behind LINE
. "$source_tree/tools/completion/orderly.bash"
offers() { # LINE WORDS
	local COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDBREAKS=$' \t\n"\'><=;|&(:' COMPREPLY=()
	_orderly 2>/dev/null
	same "behind '$1'" "$2" "$(printf '%s\n' "${COMPREPLY[@]}" | sort | xargs)"
}
PATH=$(dirname "$ORDERLY"):$PATH
offers 'orderly ma' 'map'
offers 'orderly gr' 'graph'
offers 'orderly graph me' 'mermaid'
offers 'orderly graph w' 'why'
offers 'orderly graph -C sub e' 'env'
offers 'orderly run ' 'build::core build::net open:: setup show test::core::asan test::core::tsan'
offers 'orderly run bui' 'build::core build::net'
# bash has cut the word at its colons, and puts what it gets behind the last one.
offers 'orderly run build::n' 'net'
offers 'orderly run test::core::' 'asan tsan'
offers 'orderly run -j2 setup build::c' 'core'
offers 'orderly graph --pro' '--protos'
offers 'orderly graph dot se' 'setup'
cd / || exit 1
offers "orderly run -f $work/project/orderly.yaml sho" 'show'
offers "orderly run -C $work/project sho" 'show'
offers 'orderly run sho' ''
cd "$work" || exit 1
if command -v zsh >/dev/null; then
	zsh -n "$source_tree/tools/completion/_orderly" || fail "zsh reads its completion"
fi
if command -v fish >/dev/null; then
	fish -n "$source_tree/tools/completion/orderly.fish" || fail "fish reads its completion"
fi
finish
