# The native library with the address sanitizer in it, for the tests of the C interface. Part of build.ps1, which
# dot-sources it.

# Builds the library where the toolchain can, and tells the tests where it is; says so where it cannot. The sanitizer is
# an unstable flag of every compiler, which a stable one takes only when it is told to.
function Build-SanitizedLibrary {
    $env:RESTRICTEDSENDER_SANITIZED = ''
    if ($system -ne 'linux') { return Say 'No address sanitizer: it is used on Linux only.' }
    Initialize-Cargo
    $triple = @(Read-Native 'rustc' @('-vV')) -match '^host: ' -replace '^host: '
    $environment = @{
        RUSTC_BOOTSTRAP = '1'
        CARGO_ENCODED_RUSTFLAGS = $env:CARGO_ENCODED_RUSTFLAGS + [char] 0x1f + '-Zsanitizer=address'
    }
    $folder = "$($cargo.Target)/sanitized"
    Use-Environment $environment {
        $said = @(Read-Native 'rustc' @('-Zsanitizer=address', '--print', 'cfg'))
        if ($LASTEXITCODE -ne 0) { return Say "No address sanitizer in this toolchain: $($said[0])" }
        Say 'Building the library with the address sanitizer.'
        Use-CargoFolder {
            Invoke-Native 'cargo' @('build', $cargo.Mode, '--quiet', '-p', 'restricted-sender-abi', '--target', "$triple", '--target-dir', $folder)
        }
        $env:RESTRICTEDSENDER_SANITIZED = "$folder/$triple/debug/${libraryPrefix}restricted_sender.$libraryEnd"
    }
}
