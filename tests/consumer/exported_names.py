"""exported_names.py CUDA LIBRARY HEADER...: whether the shared library exports the functions that the headers declare, and
nothing else; that no symbol is GNU_UNIQUE, which would keep it in memory; and that it calls nothing that changes or depends
on the host's environment, locale, signals or standard streams. CUDA is 1 if it contains CUDA's runtime, which reads and sets
variables of its own."""
import re
import subprocess
import sys

with_cuda, library, headers = sys.argv[1] == "1", sys.argv[2], sys.argv[3:]
HOSTS = {"getenv", "secure_getenv", "setenv", "putenv", "setlocale", "uselocale", "signal", "sigaction", "atexit", "abort",
         "exit", "printf", "puts", "perror", "std::locale::global", "std::cout", "std::cerr", "std::ios_base::Init::Init"} - ({"getenv", "setenv"} if with_cuda else set())


def declared(path):
    """The qualified names of a header's functions that have no body, and of its classes."""
    text = re.sub(r"//.*|/\*[\s\S]*?\*/|^\s*#(?:.*\\\n)*.*", "", open(path).read(), flags=re.M)
    text = re.sub(r'\[\[\w+\]\]|__attribute__\(\(.*?\)\)\)?|extern "C"|VGG16_\w+\(.*?\)', " ", text)
    text = re.sub(r"=\s*\{\}", " ", text)  # default values
    functions, classes, scopes, start = set(), set(), [], 0
    for at, character in enumerate(text):
        if character not in "{};":
            continue
        statement = " ".join(text[start:at].split())
        statement = re.sub(r"^(?:public|private|protected) ?: ?", "", statement)
        start = at + 1
        if character == "}":
            scopes.pop()
            continue
        inside = "::".join(name for name in scopes if name)
        scope = re.match(r"(?:namespace|class|struct) (\w+)[^()=]*$", statement)
        if None not in scopes:
            if scope and character == "{" and not statement.startswith("namespace"):
                classes.add(f"{inside}::{scope[1]}")
            call = re.match(r"([^(=]*?)(operator[^\s(]+|[~\w]+) ?\(", statement)
            plain = not re.search(r"\b(?:using|typedef|template|static_assert|friend|inline|constexpr)\b|= ?(?:default|delete|0)$|^std::function",
                                  statement)
            if call and character == ";" and plain:
                functions.add(f"{inside}::{call[2]}" if inside else call[2])
        if character == "{":
            scopes.append(scope[1] if scope else "" if not statement else None)  # None: a body or an initialiser
    return functions, classes


def symbols(*options):
    lines = subprocess.run(["nm", "-D", *options, library], check=True, capture_output=True, text=True).stdout
    return [line.split(maxsplit=2 if options[0] == "--defined-only" else 1) for line in lines.splitlines()]


functions, classes = set(), set()
for header in headers:
    for found, more in zip((functions, classes), declared(header)):
        found |= more

problems, exported = [], set()
for _, kind, name in symbols("--defined-only", "-C"):
    name = re.sub(r"@@?VGG16.*", "", name)
    of_class = re.match(r"(?:vtable|typeinfo|typeinfo name) for (.*)", name)
    if kind == "u":
        problems.append(f"{name} is GNU_UNIQUE")
    if of_class:
        if of_class[1] not in classes:
            problems.append(f"{name} is exported")
    elif kind in "TW":  # functions; the others are constants and the version's own name
        exported.add(re.sub(r"\(.*", "", name.replace("[abi:cxx11]", "")))
problems += [f"{name} is exported, and in no header" for name in sorted(exported - functions)]
problems += [f"{name} is in a header, and not exported" for name in sorted(functions - exported)]
for _, name in symbols("--undefined-only", "-C"):
    name = re.sub(r"\(.*|@.*", "", name.split(maxsplit=1)[-1])
    if name in HOSTS:
        problems.append(f"{name} is called")
if len(exported) < 50:
    problems.append(f"only {len(exported)} names are exported; are the symbols read as this script expects?")
print("\n".join(problems) or f"{len(exported)} names, all of them the headers'")
sys.exit(bool(problems))
