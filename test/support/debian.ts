/** What a test needs of the machine and Debian has: installed on the way, as root. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

/** Installs a package that brings `file`, and says whether it could. `TEST_INSTALL=0` forbids it. */
export async function install(name: string, file: string): Promise<boolean> {
  const debian = process.getuid?.() === 0 && existsSync('/etc/debian_version');
  if (!debian || process.env['TEST_INSTALL'] === '0') return false;
  console.error(`installing ${name} with apt-get for the tests (TEST_INSTALL=0 forbids it) ...`);
  // Test files that run at the same time take turns, and the later ones find it there. A policy that denies starts: the package's own
  // service is not wanted. What was there is put back.
  const script = `
    set -e
    exec 9> /tmp/order-saga-install.lock
    flock 9
    if [ -e ${file} ]; then exit 0; fi
    policy=/usr/sbin/policy-rc.d
    if [ -e $policy ]; then cp -p $policy $policy.before; fi
    restore() { if [ -e $policy.before ]; then mv $policy.before $policy; else rm -f $policy; fi; }
    trap restore EXIT
    printf '#!/bin/sh\\nexit 101\\n' > $policy; chmod 755 $policy
    export DEBIAN_FRONTEND=noninteractive
    install() { apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 ${name}; }
    install || { apt-get update; install; }`;
  try {
    await promisify(execFile)('sh', ['-c', script], { timeout: 300_000, maxBuffer: 10_000_000 });
    return true;
  } catch (error) {
    console.error(`it could not be installed: ${String(error).slice(0, 500)}`);
    return false;
  }
}
