import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** A certificate for loopback that is its own authority: clients trust it by NODE_EXTRA_CA_CERTS or `ca`. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

const YEARS = 2;

/** Makes a certificate for localhost, 127.0.0.1, ::1 and `host`; the clock of the system decides from when it holds. */
export async function makeCertificate(host = '127.0.0.1', now = new Date()): Promise<Certificate> {
  const notBeforeDate = new Date(now.getTime() - 24 * 3600 * 1000);
  const notAfterDate = new Date(now.getTime());
  notAfterDate.setFullYear(notAfterDate.getFullYear() + YEARS);
  const names = new Set(['127.0.0.1', '::1', host]);
  const pems = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec', curve: 'P-256', algorithm: 'sha256', notBeforeDate, notAfterDate,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [{ type: 2, value: 'localhost' }, ...[...names].map((name) => (/^[\d.]+$|:/.test(name) ? { type: 7 as const, ip: name } : { type: 2 as const, value: name }))],
      },
    ],
  });
  return { key: pems.private, cert: pems.cert };
}

/** Writes the certificate (not its key) as `ca.pem` into `folder`, for clients; returns the path. */
export function writeAuthority(certificate: Certificate, folder: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'ca.pem');
  writeFileSync(path, certificate.cert);
  return path;
}
