#!/usr/bin/env python3
"""Writes CASE.expected.json beside each CASE.pcap.gz of a folder, without any help of flinkprobe.

    python3 test/captures/facts.py captures
    python3 test/captures/facts.py test/captures

Three sources, none of them ours:
  tshark    packets, TCP flags, payload, and every TLS field (with out-of-order reassembly; plain tshark drops segments)
  openssl   what a leaf certificate says
  cases.json (beside this file)   what cannot be read off the wire: what the cluster was, what a judge has to say
Streams of clear traffic are put together here, by sequence number, and searched for the byte patterns that
captures/README.md lists. Needs Python 3.9, tshark 4 and openssl.
"""
import collections
import gzip
import hashlib
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
MEMBERS = {'10.77.0.1': ('jm', 'jobmanager'), '10.77.0.2': ('tm1', 'taskmanager'), '10.77.0.3': ('tm2', 'taskmanager')}
# Ports as the configurations of these clusters set them, and where a reader without configuration knows them from.
CHANNELS = {
    6123: ('jobmanager-rpc', 'port'), 6122: ('taskmanager-rpc', 'port'), 6121: ('taskmanager-data', 'port'),
    6124: ('blob-server', 'port'), 8081: ('rest', 'port'), 8083: ('sql-gateway', 'port'),
    6126: ('metrics-query-service', 'configuration'), 9249: ('prometheus', 'port'), 8789: ('jmx', 'content'),
    6130: ('collect-sink', 'content'), 9000: ('checkpoint-storage', 'content'), 2281: ('high-availability', 'configuration'),
}
RECORD_TYPES = {20: 'changeCipherSpec', 21: 'alert', 22: 'handshake', 23: 'applicationData'}
VERSIONS = {0x0300: 'SSLv3', 0x0301: 'TLSv1', 0x0302: 'TLSv1.1', 0x0303: 'TLSv1.2', 0x0304: 'TLSv1.3'}
SUITES = {
    0x002f: 'TLS_RSA_WITH_AES_128_CBC_SHA', 0x1301: 'TLS_AES_128_GCM_SHA256', 0x1302: 'TLS_AES_256_GCM_SHA384',
    0xc02f: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 0xc030: 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
}
TCP_FIELDS = ['frame.number', 'frame.time_epoch', 'tcp.stream', 'ip.src', 'tcp.srcport', 'ip.dst', 'tcp.dstport',
              'tcp.flags', 'tcp.seq_raw', 'tcp.payload']
TLS_FIELDS = ['frame.number', 'tcp.stream', 'ip.src', 'tcp.srcport', 'tls.record.content_type', 'tls.record.opaque_type',
              'tls.record.length', 'tls.handshake.type', 'tls.handshake.version', 'tls.handshake.extensions.supported_version',
              'tls.handshake.ciphersuite', 'tls.handshake.certificate', 'tls.handshake.certificates_length',
              'tls.handshake.dnames_len', 'tls.alert_message.level', 'tls.alert_message.desc',
              'tls.handshake.extensions.psk.identity.selected']
FIN, SYN, RST, ACK = 1, 2, 4, 16


def tshark(path, fields, display_filter):
    # Port 6121 is SPDY to tshark, which would hide the TLS on it.
    command = ['tshark', '-n', '-r', path, '-o', 'tcp.reassemble_out_of_order:TRUE', '--disable-protocol', 'spdy',
               '-Y', display_filter, '-T', 'fields']
    for field in fields:
        command += ['-e', field]
    out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
    for line in out.decode().splitlines():
        yield dict(zip(fields, line.split('\t')))


def values(text):
    return [v for v in text.split(',') if v != '']


class Side:
    """One direction of a connection: bytes in order, and which frame brought which byte."""

    def __init__(self):
        self.parts, self.isn, self.ended = [], None, None

    def add(self, frame, seq, payload):
        self.parts.append((seq, frame, payload))

    def assemble(self):
        if not self.parts:
            return b'', []
        base = (self.isn + 1) % 2**32 if self.isn is not None else min(
            self.parts, key=lambda p: (p[0] - self.parts[0][0] + 2**31) % 2**32)[0]
        data, frames = bytearray(), []
        for seq, frame, payload in sorted(self.parts, key=lambda p: ((p[0] - base) % 2**32, p[1])):
            at = (seq - base) % 2**32
            if at > len(data):
                raise SystemExit(f'hole of {at - len(data)} bytes before frame {frame}')
            new = payload[len(data) - at:]
            if new:
                frames.append((len(data), frame))
                data += new
        return bytes(data), frames


class Connection:
    def __init__(self, stream):
        self.stream, self.client, self.server = stream, None, None
        self.syn = self.synack = False
        self.refused = False
        self.sides = {}
        self.tls = []

    def side(self, endpoint):
        return self.sides.setdefault(endpoint, Side())


def read_connections(path):
    connections, frames = {}, []
    for row in tshark(path, TCP_FIELDS, 'tcp'):
        c = connections.setdefault(int(row['tcp.stream']), Connection(int(row['tcp.stream'])))
        source, target = (row['ip.src'], int(row['tcp.srcport'])), (row['ip.dst'], int(row['tcp.dstport']))
        flags, frame = int(row['tcp.flags'], 16), int(row['frame.number'])
        me = c.side(source)
        c.side(target)
        if flags & SYN and not flags & ACK:
            c.syn, c.client, c.server, me.isn = True, source, target, int(row['tcp.seq_raw'])
        if flags & SYN and flags & ACK:
            c.synack, me.isn = True, int(row['tcp.seq_raw'])
        if flags & RST and c.syn and not c.synack and source == c.server:
            c.refused = True
        if flags & (FIN | RST) and me.ended is None:
            me.ended = (frame, 'reset' if flags & RST else 'fin')
        if row['tcp.payload']:
            me.add(frame, int(row['tcp.seq_raw']), bytes.fromhex(row['tcp.payload'].replace(':', '')))
    for c in connections.values():
        if c.server is None:
            known = [e for e in c.sides if e[1] in CHANNELS]
            c.server = known[0]
            c.client = next(e for e in c.sides if e != c.server)
    for row in tshark(path, TLS_FIELDS, 'tls'):
        connections[int(row['tcp.stream'])].tls.append(row)
    return connections


def tls_side(c, endpoint):
    return [r for r in c.tls if (r['ip.src'], int(r['tcp.srcport'])) == endpoint]


def record_types(rows):
    types = []
    for r in rows:
        types += [int(v) for v in values(r['tls.record.content_type'])] + [int(v) for v in values(r['tls.record.opaque_type'])]
    return types


def handshake_rows(rows, kind):
    return [r for r in rows if str(kind) in values(r['tls.handshake.type'])]


def counts_of(types):
    counter = collections.Counter(types)
    return {name: counter.get(number, 0) for number, name in RECORD_TYPES.items()}


def tls_facts_of(c):
    """What tshark decoded of one TLS connection."""
    client, server = tls_side(c, c.client), tls_side(c, c.server)
    fact = {'client': counts_of(record_types(client)), 'server': counts_of(record_types(server)), 'alerts': []}
    fact['clientHellos'], fact['serverHellos'] = len(handshake_rows(client, 1)), len(handshake_rows(server, 2))
    hello = (handshake_rows(server, 2) or [None])[0]
    fact['version'] = fact['suite'] = None
    fact['resumed'] = False
    if hello:
        chosen = values(hello['tls.handshake.extensions.supported_version']) or values(hello['tls.handshake.version'])
        fact['version'] = VERSIONS[int(chosen[0], 16)]
        fact['suite'] = SUITES[int(values(hello['tls.handshake.ciphersuite'])[0], 16 if 'x' in hello['tls.handshake.ciphersuite'] else 10)]
        fact['resumed'] = hello['tls.handshake.extensions.psk.identity.selected'] != ''
    for side, rows in (('client', client), ('server', server)):
        for r in rows:
            for level, code in zip(values(r['tls.alert_message.level']), values(r['tls.alert_message.desc'])):
                fact['alerts'].append((side, 'fatal' if level == '2' else 'warning', int(code)))
        chains = [values(r['tls.handshake.certificate']) for r in handshake_rows(rows, 11)]
        fact[side + 'Chains'] = [[bytes.fromhex(der.replace(':', '')) for der in chain] for chain in chains]
    requests = handshake_rows(server, 13)
    fact['requests'] = len(requests)
    fact['emptyAuthorities'] = sum(1 for r in requests if values(r['tls.handshake.dnames_len']) == ['0'])
    fact['established'] = fact['client']['applicationData'] > 0 and fact['server']['applicationData'] > 0
    fact['authentication'], fact['presented'], fact['basis'] = authentication(fact, c, client)
    return fact


def authentication(fact, c, client_rows):
    """RFC 5246 7.4.4 and 7.4.6 where messages are readable; record lengths of a full TLS 1.3 flight otherwise."""
    if fact['version'] is None:
        return 'unknown', 'unknown', 'messages'
    if fact['version'] != 'TLSv1.3':
        if fact['requests'] == 0:
            return ('not-requested', 'none', 'messages') if fact['serverChains'] else ('unknown', 'unknown', 'messages')
        if not fact['clientChains']:
            return 'requested', 'unknown', 'messages'
        if fact['clientChains'][0]:
            return 'requested', 'certificate', 'messages'
        return ('requested' if fact['established'] else 'required'), 'empty', 'messages'
    if fact['resumed']:
        return 'unknown', 'unknown', 'record-lengths'
    data, _ = c.sides[c.client].assemble()
    at, first = 0, None
    while at + 5 <= len(data):
        kind, length = data[at], struct.unpack('>H', data[at + 3:at + 5])[0]
        if kind == 23:
            first = length
            break
        at += 5 + length
    finished = 52 if fact['suite'].endswith('SHA384') else 36
    if first in (finished + 17, finished + 33):
        return 'not-requested', 'none', 'record-lengths'
    if first in (finished + 8 + 17, finished + 8 + 33):
        return 'requested', 'empty', 'record-lengths'
    if first is not None and first >= 300:
        return 'requested', 'certificate', 'record-lengths'
    return 'unknown', 'unknown', 'record-lengths'


def kind_of(c):
    client, server = c.sides[c.client].assemble()[0], c.sides[c.server].assemble()[0]
    first = client or server
    if first == b'':
        return 'silent'
    return 'tls' if re.match(rb'\x16\x03[\x00-\x04]', first) else 'plaintext'


def answer_of(c, kind):
    """What the server did where it did not speak the same; None where it did."""
    server = c.sides[c.server]
    data = server.assemble()[0]
    if re.match(rb'\x15\x03[\x00-\x04]\x00\x02', data):
        return 'alert'
    if kind == 'tls':
        if data[:1] == b'\x16':
            return None
        if data:
            return 'plaintext'
    elif data:
        return None
    client = c.sides[c.client]
    if server.ended is None or (client.ended is not None and client.ended[0] < server.ended[0]):
        return 'silence'
    return server.ended[1]


# --- clear traffic -------------------------------------------------------------------------------------------------

HANDLE = b'\x73\x72\x00\x3borg.apache.flink.runtime.state.memory.ByteStreamStateHandle'
KEYED = re.compile(rb'\x00\x00\x00\x06[\x00\x01]\x00\x00\x00\x02\x00.org\.apache\.flink\.', re.S)
OPERATOR = re.compile(rb'\x00\x00\x00(?:\x06[\x00\x01]\x00|\x05\x00)', re.S)
S3_LINE = re.compile(rb'(?:^|\r\n|\n)?(GET|PUT|POST|HEAD|DELETE) (/\S*) HTTP/1\.1\r\n')
CHUNK = re.compile(rb'([0-9a-f]+);chunk-signature=[0-9a-f]{64}\r\n')


def frame_at(frames, offset):
    return max((start, frame) for start, frame in frames if start <= offset)[1]


def protocol_of(c):
    client, server = c.sides[c.client].assemble()[0], c.sides[c.server].assemble()[0]
    if re.match(rb'(?:GET|PUT|POST|HEAD|DELETE|OPTIONS|PATCH) /', client):
        return 'http'
    if re.match(rb'\x00\x00[\x00-\x01].\x12', client, re.S) or re.search(rb'(?:akka|pekko)\.tcp://flink', client + server):
        return 'flink-rpc'
    if client[4:8] == b'\xba\xdc\x0f\xfe':
        return 'flink-data'
    if re.match(rb'\x01[\x02\x03].{36}', client, re.S):
        return 'flink-blob'
    if client[:4] == b'JRMI':
        return 'rmi'
    if re.match(rb'\x01\x00{8}', client):
        return 'collect-sink'
    return 'unknown'


class Transfers:
    """Occurrences of a kind of user data over the connections of one endpoint."""

    def __init__(self):
        self.kinds = {}

    def add(self, kind, side, size, frame, offset):
        entry = self.kinds.setdefault(kind, {'kind': kind, 'from': side, 'count': 0, 'bytes': 0, 'first': None})
        entry['count'] += 1
        entry['bytes'] += size
        if entry['first'] is None or frame < entry['first']['frame']:
            entry['first'] = {'frame': frame, 'streamOffset': offset}


def rpc_facts(c, transfers, counts):
    for side in ('client', 'server'):
        data, frames = c.sides[getattr(c, side)].assemble()
        at = 0
        while at + 4 <= len(data):
            length = struct.unpack('>I', data[at:at + 4])[0]
            if length == 0 or length > 10485760 or at + 4 + length > len(data):
                break
            counts['frames'] += 1
            at += 4 + length
        counts['acknowledgeCheckpoint'] += data.count(b'\x00\x15acknowledgeCheckpoint')
        counts['submitTask'] += data.count(b'\x00\x0asubmitTask')
        counts['restoreObjects'] += data.count(b'\x73\x72\x00\x39org.apache.flink.runtime.checkpoint.JobManagerTaskRestore')
        start = data.find(HANDLE)
        while start != -1:
            name = start + 4  # first letter of the class name; the length of the state stands 137 bytes later
            size = struct.unpack('>I', data[name + 137:name + 141])[0]
            state = data[name + 141:name + 141 + size]
            kind = 'keyed-state-inline' if KEYED.match(state) else 'operator-state-inline' if OPERATOR.match(state) else 'state-inline'
            transfers.add(kind, side, size, frame_at(frames, start), start)
            start = data.find(HANDLE, start + 1)


def data_facts(c, transfers, counts):
    for side in ('client', 'server'):
        data, frames = c.sides[getattr(c, side)].assemble()
        at = 0
        while at + 9 <= len(data) and data[at + 4:at + 8] == b'\xba\xdc\x0f\xfe':
            length = struct.unpack('>I', data[at:at + 4])[0]
            kind = data[at + 8]
            counts[f'id{kind:02x}'] += 1
            # 1.19 and 1.20: dataType stands at 37, size at 39, data at 43; a frame's length counts its own four bytes
            if kind == 0 and data[at + 37] == 1:
                transfers.add('records', side, struct.unpack('>I', data[at + 39:at + 43])[0], frame_at(frames, at), at)
            at += length
        counts['bytesLeftOver'] += len(data) - at


def blob_facts(c, transfers, counts):
    client, _ = c.sides[c.client].assemble()
    server, frames = c.sides[c.server].assemble()
    counts['getRequests'] += 1
    counts['requestBytes'] += len(client)
    if server[:1] == b'\x00' and len(server) > 5:
        size = struct.unpack('<I', server[1:5])[0]
        counts['served'] += 1
        kind = 'user-code' if server[5:9] == b'PK\x03\x04' else 'file'
        transfers.add(kind, 'server', min(size, len(server) - 5), frame_at(frames, 5), 5)


def http_facts(c, transfers, counts, credentials, channel):
    client, frames = c.sides[c.client].assemble()
    server, _ = c.sides[c.server].assemble()
    for found in re.finditer(rb'(?i)\r\nauthorization: *(\S+)', client):
        scheme = found.group(1).decode().lower()
        if scheme == 'aws4-hmac-sha256':  # a signature of this one request, no secret
            counts['signedRequests'] += 1
            continue
        kind = {'basic': 'basic-authorization', 'bearer': 'bearer-authorization'}.get(scheme, 'other-authorization')
        entry = credentials.setdefault(kind, {'kind': kind, 'name': 'Authorization', 'count': 0, 'firstFrame': None})
        entry['count'] += 1
        frame = frame_at(frames, found.start())
        entry['firstFrame'] = frame if entry['firstFrame'] is None else min(frame, entry['firstFrame'])
    counts['flinkVersionBodies'] += len(re.findall(rb'"flink-version":"', server))
    counts['helpLines'] += len(re.findall(rb'# HELP flink_(?:jobmanager|taskmanager)_', server))
    for found in S3_LINE.finditer(client):
        method, path = found.group(1).decode(), found.group(2).decode()
        counts['requests'] += 1
        counts[method] += 1
        frame = frame_at(frames, found.start(1))
        if channel == 'rest' and path == '/jars/upload':
            counts['jarUploads'] += 1
            jar_upload(client, frames, found.end(), transfers)
        if channel == 'rest' and re.match(r'/jars/[^/]+/run', path):
            counts['jarRuns'] += 1
            length = re.search(rb'(?i)\r\ncontent-length: *(\d+)', client[found.start():])
            transfers.add('job-submission', 'client', int(length.group(1)), frame, found.start(1))
        if channel == 'checkpoint-storage' and method == 'PUT':
            s3_put(client, frames, found, path, transfers, counts)


def jar_upload(client, frames, at, transfers):
    """The one file of a multipart/form-data body: from its signature to the boundary (RFC 7578, RFC 2046)."""
    start = client.find(b'PK\x03\x04', at)
    end = client.find(b'\r\n--', client.find(b'PK\x05\x06', start))
    transfers.add('user-code', 'client', end - start, frame_at(frames, start), start)


def s3_put(client, frames, found, path, transfers, counts):
    end = client.find(b'\r\n\r\n', found.start())
    head = client[found.start():end]
    length = re.search(rb'(?i)x-amz-decoded-content-length: *(\d+)', head)
    size = int(length.group(1)) if length else 0
    shape = ('marker' if path.endswith('/') else 'metadata' if '/_metadata' in path else
             'savepointFile' if '/sp/' in path else 'stateFile')
    counts['put_' + shape] += 1
    if size == 0:
        return
    chunk = CHUNK.match(client, end + 4)
    start = chunk.end() if chunk else end + 4
    body = client[start:start + 64]
    kind = ('checkpoint-metadata' if body[:4] == b'\x49\x60\x67\x2d' else 'keyed-state-file' if KEYED.match(body) else
            'operator-state-file' if OPERATOR.match(body) else 'unidentified-state-file')
    transfers.add(kind, 'client', size, frame_at(frames, start), start)


def sink_facts(c, transfers, counts):
    client, _ = c.sides[c.client].assemble()
    server, frames = c.sides[c.server].assemble()
    counts['requests'] += 1 if client[:1] == b'\x01' else 0
    counts['requests'] += len(re.findall(rb'%[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}', client[9:]))
    # Answer: 0x25, 36 characters of version, int64 offset, int32 count, then each row as int32 length and bytes.
    at = 0
    while at + 49 <= len(server) and server[at] == 0x25:
        counts['answers'] += 1
        rows = struct.unpack('>I', server[at + 45:at + 49])[0]
        at += 49
        for _ in range(rows):
            length = struct.unpack('>I', server[at:at + 4])[0]
            transfers.add('query-results', 'server', length, frame_at(frames, at), at)
            at += 4 + length
        counts['rows'] += rows
    counts['bytesLeftOver'] += len(server) - at


def clear_facts(connections, channel):
    protocols = collections.Counter(protocol_of(c) for c in connections)
    transfers, counts, credentials = Transfers(), collections.Counter(), {}
    for c in connections:
        protocol = protocol_of(c)
        if protocol == 'flink-rpc':
            rpc_facts(c, transfers, counts)
        elif protocol == 'flink-data':
            data_facts(c, transfers, counts)
        elif protocol == 'flink-blob':
            blob_facts(c, transfers, counts)
        elif protocol == 'http':
            http_facts(c, transfers, counts, credentials, channel)
        elif protocol == 'collect-sink':
            sink_facts(c, transfers, counts)
    return {
        'connections': len(connections),
        'protocols': dict(sorted(protocols.items())),
        'bytes': {side: sum(len(c.sides[getattr(c, side)].assemble()[0]) for c in connections) for side in ('client', 'server')},
        'stateTransfer': [transfers.kinds[kind] for kind in sorted(transfers.kinds)],
        'credentials': [credentials[kind] for kind in sorted(credentials)],
        'counts': {name: counts[name] for name in sorted(counts) if counts[name]},
        'answers': answers(connections, 'plaintext'),
    }


# --- certificates and TLS ------------------------------------------------------------------------------------------

def openssl_facts(der):
    def x509(*options):
        return subprocess.run(['openssl', 'x509', '-inform', 'DER', '-noout', *options], input=der,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout.decode().strip()
    text = x509('-text')
    dates = dict(line.split('=', 1) for line in x509('-dates', '-dateopt', 'iso_8601').splitlines())
    bits = re.search(r'Public-Key: \((\d+) bit\)', text)
    names = re.search(r'Subject Alternative Name:[^\n]*\n\s*([^\n]+)', text)
    subject, issuer = (x509(option, '-nameopt', 'RFC2253').split('=', 1)[1] for option in ('-subject', '-issuer'))
    return {
        'sha256': hashlib.sha256(der).hexdigest(), 'sha1': hashlib.sha1(der).hexdigest(),
        'subject': subject, 'issuer': issuer,
        'notBefore': dates['notBefore'].replace(' ', 'T'), 'notAfter': dates['notAfter'].replace(' ', 'T'),
        'keyType': 'EC' if 'id-ecPublicKey' in text else 'RSA', 'keyBits': int(bits.group(1)),
        'signatureAlgorithm': re.search(r'Signature Algorithm: (\S+)', text).group(1),
        'subjectAltNames': [n.replace('IP Address:', 'IP:') for n in names.group(1).split(', ')] if names else [],
        'selfIssued': subject == issuer,
    }


def certificates(chains):
    counter = collections.Counter(chain[0] for chain in chains if chain)
    lengths = {chain[0]: len(chain) for chain in chains if chain}
    return sorted(({**openssl_facts(leaf), 'messages': n, 'chainLength': lengths[leaf]} for leaf, n in counter.items()),
                  key=lambda entry: entry['sha256'])


def answers(connections, kind):
    counter = collections.Counter(answer_of(c, kind) for c in connections)
    if kind == 'tls':  # an alert is an answer in kind
        del counter['alert']
    return {name: n for name, n in sorted((k, v) for k, v in counter.items() if k is not None)}


def tally(items):
    return dict(sorted(collections.Counter(items).items()))


def tls_group(connections):
    facts = [tls_facts_of(c) for c in connections]
    sums = {side: {name: sum(f[side][name] for f in facts) for name in RECORD_TYPES.values()} for side in ('client', 'server')}
    alerts = collections.Counter(alert for f in facts for alert in f['alerts'])
    return {
        'connections': len(connections),
        'established': sum(f['established'] for f in facts),
        'resumed': sum(f['resumed'] for f in facts),
        'clientHellos': sum(f['clientHellos'] for f in facts),
        'serverHellos': sum(f['serverHellos'] for f in facts),
        'versions': tally(f['version'] for f in facts if f['version']),
        'cipherSuites': tally(f['suite'] for f in facts if f['suite']),
        'serverCertificates': certificates([chain for f in facts for chain in f['serverChains']]),
        'clientCertificates': certificates([chain for f in facts for chain in f['clientChains']]),
        'clientAuthentication': tally(f['authentication'] for f in facts),
        'presented': tally(f['presented'] for f in facts),
        'basis': sorted(set(f['basis'] for f in facts)),
        'certificateRequests': sum(f['requests'] for f in facts),
        'emptyAuthorityLists': sum(f['emptyAuthorities'] for f in facts),
        'alerts': [{'from': side, 'level': level, 'code': code, 'count': n} for (side, level, code), n in sorted(alerts.items())],
        'answers': answers(connections, 'tls'),
        'records': sums,
    }


def server_entry(endpoint, connections, case):
    host, port = endpoint
    channel, known_from = CHANNELS[port]
    member, component = MEMBERS.get(host, case.get('hosts', {}).get(host, [None, None]))
    if channel == 'sql-gateway':  # a process of its own on the JobManager's host
        component = 'sql-gateway'
    alive = [c for c in connections if not c.refused]
    kinds = {kind: [c for c in alive if kind_of(c) == kind] for kind in ('tls', 'plaintext', 'silent')}
    if channel == 'checkpoint-storage' and kinds['tls']:
        known_from = 'configuration'
    entry = {
        'channel': channel, 'channelKnownFrom': 'content' if kinds['plaintext'] and channel != 'metrics-query-service' else known_from,
        'host': host, 'port': port, 'member': member, 'component': component,
        'answered': sum(c.synack for c in connections),
        'midstream': sum(not c.syn for c in connections),
        'refused': sum(c.refused for c in connections),
        'unanswered': sum(c.syn and not c.synack and not c.refused for c in connections),
        'silent': len(kinds['silent']),
        'kind': 'mixed' if kinds['tls'] and kinds['plaintext'] else 'tls' if kinds['tls'] else 'plaintext' if kinds['plaintext'] else 'none',
    }
    if kinds['tls']:
        entry['tls'] = tls_group(kinds['tls'])
    if kinds['plaintext']:
        entry['clear'] = clear_facts(kinds['plaintext'], channel)
    return entry


def configured(folder):
    """What each member's file switches on, by the rules of Flink 1.17 and 1.20 (SecurityOptions, SSLUtils)."""
    members = {}
    for member in sorted(os.listdir(folder)):
        settings = {}
        for name in os.listdir(os.path.join(folder, member)):
            for line in open(os.path.join(folder, member, name)):
                key, colon, value = line.partition(':')
                if colon and not line.startswith('#'):
                    settings[key.strip()] = value.strip()

        def on(key, default='false'):
            return settings.get(key, default) == 'true'
        internal = on('security.ssl.internal.enabled', settings.get('security.ssl.enabled', 'false'))
        rpc = internal and on('pekko.ssl.enabled', settings.get('akka.ssl.enabled', 'true'))
        members[member] = {
            'jobmanager-rpc': rpc, 'taskmanager-rpc': rpc, 'metrics-query-service': rpc,
            'taskmanager-data': internal and on('taskmanager.data.ssl.enabled', 'true'),
            'blob-server': internal and on('blob.service.ssl.enabled', 'true'),
            'rest': on('security.ssl.rest.enabled', settings.get('security.ssl.enabled', 'false')),
            'restClientAuthentication': on('security.ssl.rest.authentication-enabled'),
        }
    return members


def time_text(epoch):
    seconds, fraction = epoch.split('.')
    base = subprocess.run(['date', '-u', '-d', '@' + seconds, '+%Y-%m-%dT%H:%M:%S'], stdout=subprocess.PIPE, check=True)
    return base.stdout.decode().strip() + '.' + fraction[:6] + 'Z'


def leak_lines(raw):
    lines = re.findall(rb'[\x20-\x7e\t]{8,}', raw)  # as `strings -n 8`
    return {'stateLines': sum(b'STATE-CARD' in line for line in lines), 'recordLines': sum(b'CARD-4111' in line for line in lines)}


def facts(case_name, packed, case):
    raw = gzip.open(packed).read()
    with tempfile.NamedTemporaryFile(suffix='.pcap') as plain:
        plain.write(raw)
        plain.flush()
        connections = read_connections(plain.name)
        times = [row['frame.time_epoch'] for row in tshark(plain.name, ['frame.time_epoch'], 'frame')]
    by_server = collections.defaultdict(list)
    for c in connections.values():
        by_server[c.server].append(c)
    every = list(connections.values())
    record_totals = tally(t for c in every for t in record_types(c.tls))
    return {
        'schema': 1, 'case': case_name, 'what': case['what'], 'flinkVersion': case_name.split('-')[0], 'java': 'OpenJDK 17.0.15',
        'file': {'sha256': hashlib.sha256(raw).hexdigest(), 'bytes': len(raw), 'packets': len(times),
                 'firstPacketAt': time_text(times[0]), 'lastPacketAt': time_text(times[-1])},
        'connections': {
            'total': len(every), 'answered': sum(c.synack for c in every), 'midstream': sum(not c.syn for c in every),
            'refused': sum(c.refused for c in every),
            'unanswered': sum(c.syn and not c.synack and not c.refused for c in every)},
        'refusedConnectionAttempts': sum(c.refused for c in every),
        'tlsRecords': {RECORD_TYPES[number]: n for number, n in record_totals.items()},
        'leaks': leak_lines(raw),
        'members': {host: name for host, (name, _) in {**MEMBERS, **case.get('hosts', {})}.items()
                    if any(host in (c.client[0], c.server[0]) for c in every)},
        'servers': sorted((server_entry(endpoint, by_server[endpoint], case) for endpoint in by_server),
                          key=lambda e: (e['port'], e['host'])),
        'configured': configured(packed[:-len('.pcap.gz')] + '.conf'),
        'verdict': case['verdict'],  # of a run without and with --conf; null: not stated
        'mustFind': case['mustFind'], 'mustNotFind': case['mustNotFind'],
    }


def main():
    folder = sys.argv[1]
    cases = json.load(open(os.path.join(HERE, 'cases.json')))
    only = sys.argv[2:]
    for name in sorted(os.listdir(folder)):
        if not name.endswith('.pcap.gz'):
            continue
        case_name = name[:-len('.pcap.gz')]
        if only and case_name not in only:
            continue
        result = facts(case_name, os.path.join(folder, name), cases[case_name])
        with open(os.path.join(folder, case_name + '.expected.json'), 'w') as out:
            out.write(json.dumps(result, indent=2, ensure_ascii=False) + '\n')
        print(case_name, result['connections'])


if __name__ == '__main__':
    main()
