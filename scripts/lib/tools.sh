# shellcheck shell=bash
# Finds what the project is built and run with: a JDK, Maven, a C compiler and CMake; offers to get what is missing.
# Sourced by the scripts beside it, with `root` set. Works in bash 3.2, which macOS still has.
# TERSOR_ADOPTIUM names another server with Adoptium's interface to fetch a JDK from.

: "${root:=}"
required_java=25
assume_yes=false
jdk=

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
fail() {
    say "$*"
    exit 1
}

# Asks on the terminal. Without one the answer is no, unless --yes or CI=true has given it beforehand.
agree() {
    local answer
    if $assume_yes || [ "${CI:-}" = true ]; then return 0; fi
    [ -t 0 ] && [ -t 2 ] || return 1
    printf '%s [y/N] ' "$1" >&2
    read -r answer && [[ $answer == [yY]* ]]
}

# ---- JDK

# The feature release of the JDK in folder $1; fails when there is none. Reads the release file, for that takes no time.
jdk_release() {
    local line version=
    [ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ] || return 1
    if [ -r "$1/release" ]; then
        while IFS= read -r line; do
            case $line in JAVA_VERSION=*) version=${line#*=} ;; esac
        done <"$1/release"
    fi
    [ -n "$version" ] || version=$("$1/bin/javac" -version 2>&1) || return 1
    version=${version#javac }
    version=${version//\"/}
    printf '%s\n' "${version%%[!0-9]*}"
}

is_fitting_jdk() {
    local release
    [ -n "$1" ] && release=$(jdk_release "$1") && [ "${release:-0}" -ge "$required_java" ]
}

java_on_path() {
    local java
    java=$(command -v java) || return 0
    java=$(readlink -f "$java" 2>/dev/null) || return 0
    printf '%s\n' "${java%/bin/java}"
}

# Where JDKs usually are, the one we fetched ourselves last.
jdk_places() {
    printf '%s\n' /usr/lib/jvm/* /usr/lib64/jvm/* /usr/java/* /opt/*jdk* /opt/java/* /opt/jvm/* \
        "$HOME"/.sdkman/candidates/java/* "$HOME"/.jdks/* "$HOME"/.local/share/mise/installs/java/* \
        /Library/Java/JavaVirtualMachines/*/Contents/Home "$HOME"/Library/Java/JavaVirtualMachines/*/Contents/Home \
        /opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home \
        /usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home \
        /home/linuxbrew/.linuxbrew/opt/openjdk* "$(tersor_cache)"/jdk/*
}

# Sets jdk to the first JDK that is new enough.
find_jdk() {
    local place
    for place in "${JAVA_HOME:-}" "$(java_on_path)"; do
        if is_fitting_jdk "$place"; then
            jdk=$place
            return 0
        fi
    done
    while IFS= read -r place; do
        if is_fitting_jdk "$place"; then
            jdk=$place
            return 0
        fi
    done < <(jdk_places)
    return 1
}

# Sets jdk, getting a JDK where there is none and that is wanted; ends the script otherwise.
ensure_jdk() {
    find_jdk && return 0
    say "no JDK $required_java or newer in JAVA_HOME, on the PATH or in the usual places"
    if ! agree "Get one (the system's package where it has one, else Temurin into $(tersor_cache)/jdk)?"; then
        fail "install a JDK $required_java (https://adoptium.net) or set JAVA_HOME, or let --yes get one"
    fi
    if install_package "$(jdk_package)" && find_jdk; then return 0; fi
    if download_jdk && find_jdk; then return 0; fi
    fail "could not get a JDK $required_java; install one (https://adoptium.net) or set JAVA_HOME"
}

jdk_package() {
    case $(package_manager) in
        apt-get) echo "openjdk-$required_java-jdk-headless" ;;
        dnf | zypper) echo "java-$required_java-openjdk-devel" ;;
        pacman) echo "jdk$required_java-openjdk" ;;
        apk) echo "openjdk$required_java-jdk" ;;
        brew) echo "openjdk@$required_java" ;;
    esac
}

# Unpacks the newest Temurin release into the user's cache: checked, written beside, then renamed.
download_jdk() {
    local system machine query package link checksum cache work home name
    case $(uname -s) in
        Linux) if [ -f /etc/alpine-release ]; then system=alpine-linux; else system=linux; fi ;;
        Darwin) system=mac ;;
        *) say "no Temurin archive is fetched for $(uname -s)" && return 1 ;;
    esac
    case $(uname -m) in
        x86_64 | amd64) machine=x64 ;;
        arm64 | aarch64) machine=aarch64 ;;
        *) machine=$(uname -m) ;;
    esac
    query="$required_java/hotspot?architecture=$machine&image_type=jdk&os=$system&vendor=eclipse"
    package=$(fetch "${TERSOR_ADOPTIUM:-https://api.adoptium.net}/v3/assets/latest/$query" - |
        tr -d '\n ' | sed -n 's/.*"package":{\([^}]*\)}.*/\1/p') || package=
    link=$(json_string "$package" link)
    checksum=$(json_string "$package" checksum)
    if [ -z "$link" ] || [ -z "$checksum" ]; then
        say "adoptium.net names no JDK $required_java for $system $machine, or cannot be reached"
        return 1
    fi
    cache=$(tersor_cache)/jdk
    mkdir -p "$cache"
    work=$(mktemp -d "$cache/.new.XXXXXX")
    say "downloading ${link##*/}"
    if fetch "$link" "$work/archive" && [ "$(sha256 "$work/archive")" = "$checksum" ] &&
        mkdir "$work/unpacked" && tar -xzf "$work/archive" -C "$work/unpacked"; then
        for home in "$work"/unpacked/*/Contents/Home "$work"/unpacked/*; do
            [ -x "$home/bin/javac" ] || continue
            name=${link##*/}
            # Another process may have put the same JDK there meanwhile; then that one serves.
            [ -e "$cache/${name%.tar.gz}" ] || mv "$home" "$cache/${name%.tar.gz}"
            rm -rf "$work"
            return 0
        done
    fi
    rm -rf "$work"
    say "the download of $link failed or does not match its checksum"
    return 1
}

json_string() { printf '%s' "$1" | sed -n 's/.*"'"$2"'":"\([^"]*\)".*/\1/p'; }

# Fetches URL $1 into file $2, or to standard output for -; shows progress only on a terminal and only for files.
fetch() {
    local progress=-sS
    if [ "$2" != - ] && [ -t 2 ]; then progress=--progress-bar; fi
    if command -v curl >/dev/null; then
        curl -fL "$progress" -o "$2" "$1"
    elif command -v wget >/dev/null; then
        wget -q -O "$2" "$1"
    else
        say "neither curl nor wget is there to download $1"
        return 1
    fi
}

sha256() {
    local sum
    if command -v sha256sum >/dev/null; then sum=$(sha256sum "$1"); else sum=$(shasum -a 256 "$1"); fi
    printf '%s\n' "${sum%% *}"
}

tersor_cache() { printf '%s\n' "${XDG_CACHE_HOME:-$HOME/.cache}/tersor"; }

# ---- packages of the system

package_manager() {
    local name
    for name in apt-get dnf zypper pacman apk brew; do
        if command -v "$name" >/dev/null; then
            echo "$name"
            return 0
        fi
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
        sudo "$@"
    else
        return 1
    fi
}

# Installs packages $@; fails, in silence but for the package manager's own words, where that cannot be done.
install_package() {
    [ -n "${1:-}" ] || return 1
    case $(package_manager) in
        apt-get)
            as_root apt-get update -qq || return 1
            apt-cache policy "$1" | grep -q 'Candidate: [^(]' || return 1
            say "installing $*"
            as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
            ;;
        dnf) say "installing $*" && as_root dnf -q -y install "$@" ;;
        zypper) say "installing $*" && as_root zypper -q -n install "$@" ;;
        pacman) say "installing $*" && as_root pacman -S --needed --noconfirm "$@" ;;
        apk) say "installing $*" && as_root apk add -q "$@" ;;
        brew) say "installing $*" && brew install -q "$@" ;;
        *) return 1 ;;
    esac >&2
}

# ---- C compiler and CMake

missing_native_tools() {
    if ! command -v "${CC:-cc}" >/dev/null && ! command -v gcc >/dev/null && ! command -v clang >/dev/null; then
        echo "a C compiler"
    fi
    command -v cmake >/dev/null || echo "CMake"
    command -v make >/dev/null || command -v ninja >/dev/null || echo "make"
}

native_packages() {
    case $(package_manager) in
        apt-get) echo "gcc libc6-dev make cmake" ;;
        dnf) echo "gcc make cmake libasan libubsan" ;;
        zypper | pacman) echo "gcc make cmake" ;;
        apk) echo "build-base cmake" ;;
        brew) echo "cmake" ;;
    esac
}

# Offers to get what builds libtersor. The project does without: then one line says so, and the function fails.
ensure_native_tools() {
    local missing packages
    missing=$(missing_native_tools)
    [ -n "$missing" ] || return 0
    missing=${missing//$'\n'/ and }
    read -r -a packages <<<"$(native_packages)"
    if [ ${#packages[@]} -gt 0 ] && agree "There is no ${missing#a }, needed for libtersor. Install ${packages[*]}?" &&
        install_package "${packages[@]}" && [ -z "$(missing_native_tools)" ]; then
        return 0
    fi
    say "going on without libtersor: ${missing} missing; the other backends serve"
    return 1
}

# ---- Maven

# Runs Maven in the project's root on the JDK found: the wrapper, or the Maven on the PATH where its download fails.
maven() {
    local words
    if words=$(cd "$root" && JAVA_HOME=$jdk ./mvnw --version 2>&1); then
        (cd "$root" && JAVA_HOME=$jdk exec ./mvnw "$@")
    elif command -v mvn >/dev/null; then
        say "the Maven wrapper could not get Maven; using $(command -v mvn)"
        (cd "$root" && JAVA_HOME=$jdk exec mvn "$@")
    else
        say "the Maven wrapper could not get Maven, and there is no mvn on the PATH: ${words##*$'\n'}"
        return 1
    fi
}
