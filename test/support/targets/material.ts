import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Identity, mintRsa } from '../pki.ts';

/** Keys and certificates of the targets. */
export type MaterialName = 'flink' | 'authority' | 'leaf' | 'client' | 'stranger' | 'weak';

/** Minted when first asked for, written as `NAME.pem` and `NAME.key` (PKCS #8) into a scratch folder. */
export class Material {
  readonly folder: string;
  readonly #minted = new Map<MaterialName, Identity>();

  constructor() {
    this.folder = mkdtempSync(path.join(tmpdir(), 'flinkprobe-targets-'));
  }

  identity(name: MaterialName): Identity {
    const there = this.#minted.get(name);
    if (there !== undefined) return there;
    const made = this.#mint(name);
    this.#minted.set(name, made);
    writeFileSync(path.join(this.folder, `${name}.pem`), made.pem);
    writeFileSync(path.join(this.folder, `${name}.key`), made.keyPem, { mode: 0o600 });
    return made;
  }

  sha256(name: MaterialName): string {
    return createHash('sha256').update(this.identity(name).der).digest('hex');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #mint(name: MaterialName): Identity {
    switch (name) {
      case 'flink':
        // As `keytool -genkeypair -dname "CN=flink.internal" -keyalg RSA -keysize 4096` in Flink's guide: no names.
        return mintRsa({ name: [['CN', 'flink.internal']], bits: 4096 });
      case 'authority':
        return mintRsa({ name: [['CN', 'Test Authority']], ca: true });
      case 'leaf':
        return mintRsa({
          name: [['CN', 'localhost']],
          issuer: this.identity('authority'),
          subjectAltNames: ['DNS:localhost', 'DNS:flink-jobmanager', 'IP:127.0.0.1'],
          ca: false,
          usages: true,
        });
      case 'client':
        return mintRsa({ name: [['CN', 'client']], issuer: this.identity('authority'), ca: false, usages: true });
      case 'stranger':
        return mintRsa({ name: [['CN', 'stranger']] });
      case 'weak':
        return mintRsa({ name: [['CN', 'localhost']], bits: 1024, hash: 'sha1' });
    }
  }
}
