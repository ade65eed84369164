# clean_copy FOLDER: copies into an empty folder what git tracks or would track of the
# checkout that is the working directory; without git, all but .venv and runs.
clean_copy() {
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files -z --cached --others --exclude-standard |
      while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
      tar --create --null --files-from=- --file=-
  else
    tar --create --exclude=./.venv --exclude=./runs --file=- .
  fi | tar --extract --directory "$1"
}
