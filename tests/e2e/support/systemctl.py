#!/usr/bin/env python3
"""A small stand-in for `systemctl --user`, for machines on which no user manager runs.

Reads the real unit files, starts what they start with what they set, starts it again as they say, and answers `show` in the
manager's own words. What it remembers lies in the folder that STAND_IN_SYSTEMD names.
"""

import json, os, re, shlex, signal, subprocess, sys, time

STATE = os.environ["STAND_IN_SYSTEMD"]
UNITS = os.path.join(os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config"), "systemd/user")


def unit_file(unit):
    return os.path.join(UNITS, unit)


def directives(unit):
    found = {}
    with open(unit_file(unit)) as lines:
        for line in lines:
            match = re.match(r"([A-Za-z]+)=(.*)", line.strip())
            if match:
                found.setdefault(match[1], []).append(match[2])
    return found


def words(value):
    return [word.replace("%%", "%") for word in shlex.split(value)]


def state_path(unit):
    return os.path.join(STATE, unit + ".json")


def read_state(unit):
    try:
        with open(state_path(unit)) as file:
            return json.load(file)
    except FileNotFoundError:
        return {"keeper": 0, "main": 0, "status": 0, "ended": ""}


def write_state(unit, state):
    with open(state_path(unit) + ".new", "w") as file:
        json.dump(state, file)
    os.rename(state_path(unit) + ".new", state_path(unit))


def alive(pid):
    if pid <= 0:
        return False
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def keep(unit):
    """Runs in the background: starts the program, and again when it ends, until the keeper itself is told to end."""
    settings = directives(unit)
    command = [word.replace("$$", "$") for word in words(settings["ExecStart"][0])]
    environment = {name: os.environ[name] for name in ("HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG") if name in os.environ}
    for line in settings.get("Environment", []):
        for assignment in words(line):
            name, _, value = assignment.partition("=")
            environment[name] = value
    for name in " ".join(settings.get("UnsetEnvironment", [])).split():
        environment.pop(name, None)
    os.umask(int(settings.get("UMask", ["0022"])[0], 8))
    stopping = []
    child = None

    def stop(*_):
        stopping.append(True)
        if child is not None:
            child.terminate()

    signal.signal(signal.SIGTERM, stop)
    while not stopping:
        child = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        write_state(unit, {"keeper": os.getpid(), "main": child.pid, "status": 0, "ended": ""})
        status = child.wait()
        write_state(unit, {"keeper": os.getpid(), "main": 0, "status": status, "ended": "Sat 2026-01-03 10:00:00 UTC"})
        if settings.get("Restart", ["no"])[0] != "always":
            break
        if not stopping:
            time.sleep(float(settings.get("RestartSec", ["0.1"])[0]))


def start(unit):
    if not os.path.exists(unit_file(unit)):
        sys.exit(f"Failed to start {unit}: Unit {unit} not found.")
    if alive(read_state(unit)["keeper"]):
        return
    subprocess.Popen([sys.executable, __file__, "--keep", unit], start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(100):
        if alive(read_state(unit)["main"]):
            return
        time.sleep(0.02)


def stop(unit):
    state = read_state(unit)
    if alive(state["keeper"]):
        os.kill(state["keeper"], signal.SIGTERM)
        for _ in range(1500):
            if not alive(state["keeper"]):
                break
            time.sleep(0.02)


def wants(unit):
    return os.path.join(UNITS, "default.target.wants", unit)


def show(unit):
    state = read_state(unit)
    there = os.path.exists(unit_file(unit))
    running = alive(state["keeper"]) and alive(state["main"])
    command = words(directives(unit)["ExecStart"][0]) if there else []
    answers = {
        "LoadState": "loaded" if there else "not-found",
        "ActiveState": "active" if running else "inactive",
        "MainPID": state["main"] if running else 0,
        "ExecMainStatus": state["status"],
        "ExecMainExitTimestamp": state["ended"],
        "UnitFileState": ("enabled" if os.path.lexists(wants(unit)) else "disabled") if there else "",
        "ExecStart": f"{{ path={command[0]} ; argv[]={' '.join(command)} ; ignore_errors=no ; pid=0 }}" if command else "",
        "NeedDaemonReload": "no",
    }
    for name, value in answers.items():
        print(f"{name}={value}")


def main(arguments):
    if arguments[:1] == ["--keep"]:
        return keep(arguments[1])
    assert arguments[0] == "--user", arguments
    verb, *rest = arguments[1:]
    if verb == "show" and rest == ["--property=Version", "--value"]:
        return print("252 (stand-in)")
    if verb in ("daemon-reload", "reset-failed", "unset-environment", "set-environment", "import-environment"):
        return None
    unit = rest[-1]
    if verb == "enable":
        os.makedirs(os.path.dirname(wants(unit)), exist_ok=True)
        if not os.path.lexists(wants(unit)):
            os.symlink(unit_file(unit), wants(unit))
    elif verb == "disable":
        if os.path.lexists(wants(unit)):
            os.unlink(wants(unit))
    elif verb == "start":
        start(unit)
    elif verb == "stop":
        stop(unit)
    elif verb == "kill":
        os.kill(read_state(unit)["main"], signal.SIGTERM)
    elif verb == "restart":
        stop(unit)
        start(unit)
    elif verb == "show":
        show(unit)
    else:
        sys.exit(f"Unknown command verb {verb}.")


main(sys.argv[1:])
