import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import type { VolumeSighting } from '../model/report.ts';
import { type Mount, mountOf, parseMountInfo } from './mount-table.ts';

/** What is told of the machine: `root` stands before `/proc`, `/sys` and `/dev`, `/` but in tests. */
export interface Machine {
  readonly root: string;
  readonly platform: NodeJS.Platform;
}

/** Longest chain of devices that is followed: partition on LVM on LUKS on RAID has four. */
const MAX_DEVICE_DEPTH = 8;
/** Directories that lie on directories: loop device on an overlay on a volume. */
const MAX_VOLUME_DEPTH = 4;

/** cryptsetup's names of what encrypts; `CRYPT-VERITY` and `CRYPT-INTEGRITY` only check, `CRYPT-SUBDEV` is a part. */
const ENCRYPTING = /(?:^|-)CRYPT-(LUKS1|LUKS2|PLAIN|TCRYPT|LOOPAES|BITLK|FVAULT2)-/;
/** File systems that hold nothing but ciphertext below their mount. */
const ENCRYPTED_FILE_SYSTEMS = /^(?:ecryptfs|fuse\.(?:gocryptfs|encfs|cryfs|securefs))$/;
const MEMORY_FILE_SYSTEMS = /^(?:tmpfs|ramfs)$/;
/** The machine that serves the folder has the volume. */
const HOST_FILE_SYSTEMS = /^(?:9p|virtiofs|vboxsf|fuse\.vmhgfs-fuse|drvfs|prl_fs|fuse\.grpcfuse|fakeowner)$/;
const REMOTE_FILE_SYSTEMS =
  /^(?:nfs4?|cifs|smb3|smbfs|ceph|fuse\.ceph(?:-fuse)?|glusterfs|fuse\.glusterfs|lustre|beegfs|afs)$/;
const OBJECT_FILE_SYSTEMS =
  /^fuse\.(?:s3fs|goofys|rclone|gcsfuse|blobfuse2?|mountpoint-s3|juicefs|geesefs)$|^fuse\.JuiceFS$/;

/**
 * What protects the volume of a directory, as far as this machine shows it. Never throws.
 *
 * Not visible from here, and said so: encryption by the disk itself, by a hypervisor or cloud below the block device,
 * and by the server of a network file system.
 *
 * @param directory absolute, without links
 */
export function volumeOf(directory: string, machine: Machine): VolumeSighting {
  if (machine.platform !== 'linux') {
    return hidden({ because: `volumes of ${machine.platform} are not looked at` });
  }
  const text = readText(machine, '/proc/self/mountinfo');
  if (text === undefined) return hidden({ because: '/proc/self/mountinfo cannot be read' });
  return onMounts(directory, parseMountInfo(text), machine, MAX_VOLUME_DEPTH);
}

function onMounts(directory: string, mounts: readonly Mount[], machine: Machine, depth: number): VolumeSighting {
  const mount = mountOf(mounts, directory);
  if (mount === undefined) return hidden({ because: 'no mount holds this directory' });
  const { fileSystem, superOptions } = mount;
  if (ENCRYPTED_FILE_SYSTEMS.test(fileSystem)) {
    return sighting(mount, 'encrypted', [`${fileSystem} encrypts every file below ${mount.mountPoint}`]);
  }
  if (MEMORY_FILE_SYSTEMS.test(fileSystem)) {
    return sighting(mount, 'memory', [`${fileSystem} keeps files in memory; swap is the only disk that they reach`]);
  }
  if (HOST_FILE_SYSTEMS.test(fileSystem)) {
    return sighting(mount, 'hidden', [`${fileSystem} is a folder of the host, whose volume is not visible from here`]);
  }
  if (REMOTE_FILE_SYSTEMS.test(fileSystem) || OBJECT_FILE_SYSTEMS.test(fileSystem)) return remote(mount);
  if (fileSystem === 'overlay') return overlay(mount, mounts, machine, depth);
  if (fileSystem === 'zfs') {
    return sighting(mount, 'hidden', ['ZFS tells of its own encryption only by `zfs get encryption`']);
  }
  const encryption = superOptions.find((one) => one === 'test_dummy_encryption' || one === 'inlinecrypt');
  const noted = encryption === undefined ? [] : [`mounted with ${encryption}`];
  return onDevice(mount, mounts, machine, depth, noted);
}

function onDevice(
  mount: Mount,
  mounts: readonly Mount[],
  machine: Machine,
  depth: number,
  noted: readonly string[],
): VolumeSighting {
  const device = deviceFolder(mount, machine);
  if (device === undefined) {
    return sighting(mount, 'hidden', [...noted, `the block device of ${mount.source} is not visible in /sys`]);
  }
  const backing = readText(machine, `${device}/loop/backing_file`)?.trim();
  if (backing?.startsWith('/') && depth > 1) {
    const below = onMounts(path.posix.dirname(backing), mounts, machine, depth - 1);
    return sighting(
      mount,
      below.protection,
      [...noted, `loop device on ${backing}`, ...below.evidence],
      below.transport,
    );
  }
  const { verdict, evidence } = deviceEncryption(device, machine, MAX_DEVICE_DEPTH);
  if (verdict === 'encrypted') return sighting(mount, 'encrypted', [...noted, ...evidence]);
  const fscrypt = existsSync(within(machine, path.posix.join(mount.mountPoint, '.fscrypt')))
    ? [`fscrypt is set up on ${mount.mountPoint}; whether it covers this directory, \`fscrypt status\` tells`]
    : [];
  const protection = fscrypt.length > 0 ? 'hidden' : 'none-seen';
  return sighting(mount, protection, [...noted, ...evidence, ...fscrypt]);
}

/** Folder of a mount's device in /sys; btrfs and the like have numbers of their own, and name theirs. */
function deviceFolder(mount: Mount, machine: Machine): string | undefined {
  const byNumber = `/sys/dev/block/${mount.device}`;
  if (!mount.device.startsWith('0:') && existsSync(within(machine, byNumber))) return byNumber;
  if (!mount.source.startsWith('/dev/')) return undefined;
  const byName = `/sys/class/block/${path.posix.basename(realName(mount.source, machine))}`;
  return existsSync(within(machine, byName)) ? byName : undefined;
}

/** `/dev/mapper/state` is a link to `../dm-3`, and so are the folders of /sys. */
function realName(link: string, machine: Machine): string {
  try {
    return realpathSync(within(machine, link));
  } catch {
    return link;
  }
}

interface DeviceEncryption {
  readonly verdict: 'encrypted' | 'none-seen';
  readonly evidence: readonly string[];
}

/** A device is encrypted where it is so itself, or where all that it lies on is. */
function deviceEncryption(folder: string, machine: Machine, depth: number): DeviceEncryption {
  const name = path.basename(realName(folder, machine));
  const uuid = readText(machine, `${folder}/dm/uuid`)?.trim();
  const type = ENCRYPTING.exec(uuid ?? '')?.[1];
  if (type !== undefined) return { verdict: 'encrypted', evidence: [`${name} is a dm-crypt device (CRYPT-${type})`] };
  const below = depth > 0 ? slavesOf(folder, machine) : [];
  const found = below.map((one) => deviceEncryption(`/sys/class/block/${one}`, machine, depth - 1));
  const encrypted = found.filter(({ verdict }) => verdict === 'encrypted');
  if (found.length > 0 && encrypted.length === found.length) {
    return { verdict: 'encrypted', evidence: encrypted.flatMap(({ evidence }) => evidence) };
  }
  const evidence = [
    `${name} is ${uuid === undefined || uuid === '' ? 'no device-mapper device' : `no dm-crypt device (${kindOf(uuid)})`}`,
    ...found.flatMap((one) => one.evidence),
  ];
  return { verdict: 'none-seen', evidence };
}

/** `LVM-…`, `CRYPT-VERITY-…`: what stands before identifiers. */
function kindOf(uuid: string): string {
  return /^[A-Za-z]+(?:-(?:VERITY|INTEGRITY|SUBDEV))?/.exec(uuid)?.[0] ?? 'unknown kind';
}

/** Names of the devices that a device lies on; a partition has those of its disk. */
function slavesOf(folder: string, machine: Machine): readonly string[] {
  try {
    const real = realpathSync(within(machine, folder));
    const disk = existsSync(path.join(real, 'partition')) ? path.dirname(real) : real;
    return readdirSync(path.join(disk, 'slaves')).sort();
  } catch {
    return [];
  }
}

/** The upper layer is where files are written; in a container its path is one of the host's. */
function overlay(mount: Mount, mounts: readonly Mount[], machine: Machine, depth: number): VolumeSighting {
  const upper = mount.superOptions.find((one) => one.startsWith('upperdir='))?.slice('upperdir='.length);
  if (upper === undefined || depth <= 1 || !existsSync(within(machine, upper))) {
    return sighting(mount, 'hidden', [
      "the writable layer of a container lies on the host's volume, which is not visible from here",
    ]);
  }
  const below = onMounts(upper, mounts, machine, depth - 1);
  return sighting(mount, below.protection, [`overlay on ${upper}`, ...below.evidence], below.transport);
}

/** How bytes travel by the options of the mount: nfs(5) `sec`, `xprtsec`; mount.cifs(8) `seal`; ceph `ms_mode`. */
function remote(mount: Mount): VolumeSighting {
  const { fileSystem, source } = mount;
  const options = [...mount.options, ...mount.superOptions];
  const value = (key: string): string | undefined =>
    options.find((one) => one.startsWith(`${key}=`))?.slice(key.length + 1);
  const kept = `the server of ${source} keeps these files; what encrypts them there is not visible from here`;
  const told = (transport: NonNullable<VolumeSighting['transport']>, text: string): VolumeSighting =>
    sighting(mount, 'remote', [text, kept], transport);
  if (/^nfs4?$/.test(fileSystem)) {
    const tls = value('xprtsec');
    const security = value('sec');
    if (tls === 'tls' || tls === 'mtls') return told('protected', `NFS over TLS (xprtsec=${tls})`);
    if (security === 'krb5p') return told('protected', 'NFS with sec=krb5p');
    if (security === undefined) return told('unknown', 'NFS without a sec option to be seen');
    return told('clear', `NFS with sec=${security}: its bytes are not encrypted`);
  }
  if (/^(?:cifs|smb)/.test(fileSystem)) {
    // Without it the server may still demand encryption of a share.
    return options.includes('seal') ? told('protected', 'SMB with seal') : told('unknown', 'SMB without seal');
  }
  if (/ceph/.test(fileSystem)) {
    const mode = value('ms_mode');
    if (mode === 'secure') return told('protected', 'Ceph with ms_mode=secure');
    return told(mode === undefined ? 'unknown' : 'clear', `Ceph with ms_mode ${mode ?? 'not set'}`);
  }
  return told('unknown', `${fileSystem}: how its bytes travel is not visible from here`);
}

function sighting(
  { mountPoint, fileSystem, source }: Mount,
  protection: VolumeSighting['protection'],
  evidence: readonly string[],
  transport?: VolumeSighting['transport'],
): VolumeSighting {
  const base = { mountPoint, fileSystem, device: source, protection, evidence };
  return transport === undefined ? base : { ...base, transport };
}

function hidden({ because }: { readonly because: string }): VolumeSighting {
  return { mountPoint: 'unknown', fileSystem: 'unknown', device: 'unknown', protection: 'hidden', evidence: [because] };
}

function within({ root }: Machine, file: string): string {
  return root === '/' ? file : path.join(root, file);
}

function readText(machine: Machine, file: string): string | undefined {
  try {
    return readFileSync(within(machine, file), 'utf8');
  } catch {
    return undefined;
  }
}
