import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import type { VolumeSighting } from '../../src/model/report.ts';
import { mountOf, parseMountInfo } from '../../src/observe/mount-table.ts';
import { volumeOf } from '../../src/observe/volume.ts';

/** Lines of proc(5) and of machines with the devices named in each test. */
const ROOT = '25 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw,errors=remount-ro';

t.test('reads mountinfo as proc(5) describes it, optional fields and escapes included', async (t) => {
  const text = [
    '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue',
    '40 25 0:44 / /my\\040state rw shared:7 master:2 - nfs4 nas:/a\\011b rw,sec=sys',
    '41 25 8:3 / /plain rw - xfs /dev/sdb1 rw',
    'no mount at all',
    '42 25 8:4 / relative rw - xfs /dev/sdc rw',
    '43 25 8:5 / /cut rw',
    '',
  ].join('\n');
  t.strictSame(
    parseMountInfo(text).map(({ device, root, mountPoint, fileSystem, source }) => [
      device,
      root,
      mountPoint,
      fileSystem,
      source,
    ]),
    [
      ['98:0', '/mnt1', '/mnt2', 'ext3', '/dev/root'],
      ['0:44', '/', '/my state', 'nfs4', 'nas:/a\tb'],
      ['8:3', '/', '/plain', 'xfs', '/dev/sdb1'],
    ],
  );
  for (let end = 0; end < text.length; end++) parseMountInfo(text.slice(0, end));
});

t.test('finds the deepest mount of a path, of several on one place the last', async (t) => {
  const mounts = parseMountInfo(
    [ROOT, '30 25 8:17 / /data rw - ext4 /dev/sdb1 rw', '31 25 8:18 / /data rw - xfs /dev/sdc1 rw'].join('\n'),
  );
  t.equal(mountOf(mounts, '/data/flink/ck')?.fileSystem, 'xfs');
  t.equal(mountOf(mounts, '/data')?.fileSystem, 'xfs');
  t.equal(mountOf(mounts, '/database')?.mountPoint, '/');
});

interface Fixture {
  readonly mounts: readonly string[];
  /** Text of files below the root; a folder ends in a slash, a link is `-> target`. */
  readonly files?: Readonly<Record<string, string>>;
}

function machine(t: Test, { mounts, files = {} }: Fixture): (directory: string) => VolumeSighting {
  const root = mkdtempSync(path.join(os.tmpdir(), 'flinkprobe-volume-'));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  for (const [name, text] of Object.entries({ 'proc/self/mountinfo': `${mounts.join('\n')}\n`, ...files })) {
    const file = path.join(root, name);
    mkdirSync(name.endsWith('/') ? file : path.dirname(file), { recursive: true });
    if (text.startsWith('-> ')) symlinkSync(text.slice(3), file);
    else if (!name.endsWith('/')) writeFileSync(file, text);
  }
  return (directory) => volumeOf(directory, { root, platform: 'linux' });
}

/** A disk with a partition, as /sys shows them. */
const DISK = {
  'sys/devices/sda/sda2/partition': '2\n',
  'sys/devices/sda/dev': '8:0\n',
  'sys/dev/block/8:2': '-> ../../devices/sda/sda2',
  'sys/class/block/sda2': '-> ../../devices/sda/sda2',
} as const;

function mapped(name: string, number: string, uuid: string, slaves: readonly string[]): Record<string, string> {
  return {
    [`sys/devices/virtual/block/${name}/dm/uuid`]: `${uuid}\n`,
    [`sys/devices/virtual/block/${name}/slaves/`]: '',
    ...Object.fromEntries(slaves.map((one) => [`sys/devices/virtual/block/${name}/slaves/${one}/`, ''])),
    [`sys/dev/block/${number}`]: `-> ../../devices/virtual/block/${name}`,
    [`sys/class/block/${name}`]: `-> ../../devices/virtual/block/${name}`,
  };
}

const links = process.platform === 'win32' ? { skip: 'links need rights on Windows' } : {};

t.test('sees LUKS by the uuid of the device-mapper device', links, async (t) => {
  const at = machine(t, {
    mounts: [ROOT, '30 25 253:0 / /data rw - ext4 /dev/mapper/data rw'],
    files: { ...DISK, ...mapped('dm-0', '253:0', 'CRYPT-LUKS2-3b1c9ef2d1b74ed9a1a61bf9e7a2a2aa-data', ['sda2']) },
  });
  t.match(at('/data/flink'), { protection: 'encrypted', mountPoint: '/data', device: '/dev/mapper/data' });
  t.match(at('/data/flink').evidence.join(), 'dm-0 is a dm-crypt device (CRYPT-LUKS2)');
  t.match(at('/var/flink'), { protection: 'none-seen', mountPoint: '/', fileSystem: 'ext4' });
});

t.test('follows LVM to the LUKS device below it, and asks that all of several are encrypted', links, async (t) => {
  const lvm = (slaves: readonly string[]): Record<string, string> => mapped('dm-1', '253:1', 'LVM-aBcDeF', slaves);
  const luks = mapped('dm-0', '253:0', 'CRYPT-LUKS1-0123456789abcdef0123456789abcdef-pv', ['sda2']);
  const mounts = [ROOT, '30 25 253:1 / /data rw - xfs /dev/mapper/vg-data rw'];
  const whole = machine(t, { mounts, files: { ...DISK, ...luks, ...lvm(['dm-0']) } });
  t.equal(whole('/data').protection, 'encrypted');
  const half = machine(t, { mounts, files: { ...DISK, ...luks, ...lvm(['dm-0', 'sda2']) } });
  t.equal(half('/data').protection, 'none-seen');
  t.match(half('/data').evidence.join('; '), /LVM.*dm-crypt device \(CRYPT-LUKS1\).*sda2 is no device-mapper device/);
});

t.test('does not take dm-verity and dm-integrity, which only check, for encryption', links, async (t) => {
  for (const kind of ['CRYPT-VERITY', 'CRYPT-INTEGRITY']) {
    const at = machine(t, {
      mounts: ['30 25 253:0 / / rw - ext4 /dev/mapper/x rw'],
      files: mapped('dm-0', '253:0', `${kind}-0123456789abcdef-x`, []),
    });
    t.equal(at('/ck').protection, 'none-seen', kind);
    t.match(at('/ck').evidence.join(), kind);
  }
});

t.test('finds the device of btrfs by its name, since its number is made up', links, async (t) => {
  const at = machine(t, {
    mounts: ['30 25 0:31 /@data / rw - btrfs /dev/mapper/luks-root rw,subvol=/@data'],
    files: {
      ...mapped('dm-0', '253:0', 'CRYPT-LUKS2-00-luks-root', []),
      'dev/mapper/luks-root': '-> ../dm-0',
      'dev/dm-0': '',
    },
  });
  t.equal(at('/ck').protection, 'encrypted');
});

t.test('follows a loop device to the file that it is', links, async (t) => {
  const files = {
    ...mapped('dm-0', '253:0', 'CRYPT-LUKS2-00-home', []),
    'sys/devices/virtual/block/loop0/loop/backing_file': '/home/disk.img\n',
    'sys/dev/block/7:0': '-> ../../devices/virtual/block/loop0',
  };
  const at = machine(t, {
    mounts: ['30 1 7:0 / / rw - ext4 /dev/loop0 rw', '31 30 253:0 / /home rw - ext4 /dev/mapper/home rw'],
    files,
  });
  t.equal(at('/ck').protection, 'encrypted');
  t.match(at('/ck').evidence.join(), 'loop device on /home/disk.img');
});

t.test('knows file systems that encrypt, and those in memory', async (t) => {
  const at = machine(t, {
    mounts: [
      ROOT,
      '30 25 0:50 / /e rw - ecryptfs /data/.e rw,ecryptfs_cipher=aes',
      '31 25 0:51 / /g rw - fuse.gocryptfs /data/.g rw',
      '32 25 0:52 / /t rw - tmpfs tmpfs rw,size=4k',
    ],
  });
  t.strictSame(
    ['/e/ck', '/g/ck', '/t/ck'].map((one) => at(one).protection),
    ['encrypted', 'encrypted', 'memory'],
  );
});

t.test('says of fscrypt only that it is set up: which directories it covers is not told', links, async (t) => {
  const at = machine(t, { mounts: [ROOT], files: { ...DISK, '.fscrypt/policies/': '' } });
  t.equal(at('/ck').protection, 'hidden');
  t.match(at('/ck').evidence.join(), 'fscrypt status');
});

t.test('tells how network mounts travel by their options', async (t) => {
  const cases: readonly (readonly [string, string, VolumeSighting['transport']])[] = [
    ['nfs4', 'rw,vers=4.2,sec=sys', 'clear'],
    ['nfs4', 'rw,vers=4.2,sec=krb5', 'clear'],
    ['nfs4', 'rw,vers=4.2,sec=krb5i', 'clear'],
    ['nfs4', 'rw,vers=4.2,sec=krb5p', 'protected'],
    ['nfs', 'rw,vers=3,sec=sys,xprtsec=mtls', 'protected'],
    ['nfs', 'rw,vers=3', 'unknown'],
    ['cifs', 'rw,vers=3.1.1,seal', 'protected'],
    ['cifs', 'rw,vers=3.1.1', 'unknown'],
    ['ceph', 'rw,ms_mode=secure', 'protected'],
    ['ceph', 'rw,ms_mode=crc', 'clear'],
    ['fuse.s3fs', 'rw', 'unknown'],
  ];
  for (const [fileSystem, options, transport] of cases) {
    const at = machine(t, { mounts: [ROOT, `30 25 0:60 / /ck rw - ${fileSystem} nas:/ck ${options}`] });
    t.match(at('/ck/job'), { protection: 'remote', transport }, `${fileSystem} ${options}`);
  }
});

t.test('looks below an overlay only where its upper layer is on this machine', links, async (t) => {
  const mounts = ['30 1 0:70 / / rw - overlay overlay rw,lowerdir=/l,upperdir=/upper/diff,workdir=/w'];
  const inContainer = machine(t, { mounts });
  t.equal(inContainer('/ck').protection, 'hidden');
  const onHost = machine(t, {
    mounts: [...mounts, '31 30 253:0 / /upper rw - ext4 /dev/mapper/x rw'],
    files: { ...mapped('dm-0', '253:0', 'CRYPT-PLAIN-x', []), 'upper/diff/': '' },
  });
  t.equal(onHost('/ck').protection, 'encrypted');
});

t.test('does not follow devices or overlays in circles', links, async (t) => {
  const devices = machine(t, {
    mounts: ['30 1 253:0 / / rw - ext4 /dev/mapper/x rw'],
    files: { ...mapped('dm-0', '253:0', 'LVM-a', ['dm-1']), ...mapped('dm-1', '253:1', 'LVM-b', ['dm-0']) },
  });
  t.equal(devices('/ck').protection, 'none-seen');
  const overlays = machine(t, {
    mounts: ['30 1 0:70 / / rw - overlay overlay rw,lowerdir=/l,upperdir=/upper,workdir=/w'],
    files: { 'upper/': '' },
  });
  t.equal(overlays('/ck').protection, 'hidden');
});

t.test('says that it cannot tell where nothing is to be seen', async (t) => {
  t.equal(volumeOf('/ck', { root: path.join(os.tmpdir(), 'no-such-folder'), platform: 'linux' }).protection, 'hidden');
  t.match(volumeOf('/ck', { root: '/', platform: 'darwin' }).evidence.join(), 'darwin');
  const bare = machine(t, { mounts: [ROOT] });
  t.match(bare('/ck').evidence.join(), 'not visible in /sys');
});
