import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Talker } from './openssl.ts';

/** Servers on `SSLEngine`, as Netty and Pekko use it, and on `SSLServerSocket`, as Flink's BLOB server does. */
const SOURCE = `
import java.io.*;
import java.net.*;
import java.nio.ByteBuffer;
import java.nio.file.*;
import java.security.*;
import java.security.cert.*;
import java.security.spec.*;
import java.util.*;
import javax.net.ssl.*;

public class Engines {
  static final PrintStream out = System.out;

  static SSLContext context() throws Exception {
    String text = Files.readString(Path.of("server.key")).replaceAll("-----[^-]+-----", "").replaceAll("\\\\s", "");
    PrivateKey key = KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(text)));
    CertificateFactory factory = CertificateFactory.getInstance("X.509");
    java.security.cert.Certificate leaf = factory.generateCertificate(new FileInputStream("server.pem"));
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setKeyEntry("own", key, new char[0], new java.security.cert.Certificate[] {leaf});
    KeyManagerFactory keys = KeyManagerFactory.getInstance("SunX509");
    keys.init(store, new char[0]);
    KeyStore trust = KeyStore.getInstance("PKCS12");
    trust.load(null, null);
    trust.setCertificateEntry("ca", factory.generateCertificate(new FileInputStream("ca.pem")));
    TrustManagerFactory trusted = TrustManagerFactory.getInstance("PKIX");
    trusted.init(trust);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trusted.getTrustManagers(), null);
    return context;
  }

  static void flush(SSLEngine engine, ByteBuffer content, OutputStream to) throws IOException {
    do {
      ByteBuffer record = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
      engine.wrap(content, record);
      to.write(record.array(), 0, record.position());
    } while (engine.getHandshakeStatus() == SSLEngineResult.HandshakeStatus.NEED_WRAP || content.hasRemaining());
    to.flush();
  }

  static void engine(SSLContext context, String[] protocols, String asks, Socket socket) throws Exception {
    SSLEngine engine = context.createSSLEngine();
    engine.setUseClientMode(false);
    engine.setEnabledProtocols(protocols);
    if (asks.equals("want")) engine.setWantClientAuth(true);
    if (asks.equals("need")) engine.setNeedClientAuth(true);
    ByteBuffer in = ByteBuffer.allocate(70000);
    ByteBuffer plain = ByteBuffer.allocate(70000);
    ByteBuffer none = ByteBuffer.allocate(0);
    OutputStream to = socket.getOutputStream();
    try {
      for (;;) {
        in.flip();
        SSLEngineResult result = engine.unwrap(in, plain);
        in.compact();
        SSLEngineResult.HandshakeStatus status = engine.getHandshakeStatus();
        if (status == SSLEngineResult.HandshakeStatus.NEED_TASK) {
          for (Runnable task; (task = engine.getDelegatedTask()) != null; ) task.run();
          status = engine.getHandshakeStatus();
        }
        if (status == SSLEngineResult.HandshakeStatus.NEED_WRAP) flush(engine, none, to);
        if (plain.position() > 0) {
          plain.clear();
          flush(engine, ByteBuffer.wrap("answer".getBytes()), to);
          engine.closeOutbound();
          flush(engine, none, to);
          return;
        }
        if (engine.isInboundDone()) return;
        if (result.getStatus() == SSLEngineResult.Status.BUFFER_UNDERFLOW) {
          int length = socket.getInputStream().read(in.array(), in.position(), in.remaining());
          if (length < 0) return;
          in.position(in.position() + length);
        }
      }
    } catch (SSLException e) {
      flush(engine, none, to);
      throw e;
    }
  }

  static void socket(SSLContext context, String[] protocols, String asks, Socket plain) throws Exception {
    SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(plain, null, true);
    socket.setUseClientMode(false);
    socket.setEnabledProtocols(protocols);
    if (asks.equals("want")) socket.setWantClientAuth(true);
    if (asks.equals("need")) socket.setNeedClientAuth(true);
    int length = socket.getInputStream().read(new byte[100]);
    if (length > 0) socket.getOutputStream().write("answer".getBytes());
    socket.close();
  }

  public static void main(String[] args) throws Exception {
    SSLContext context = context();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    out.println("ready");
    for (String line; (line = in.readLine()) != null; ) {
      String[] word = line.trim().split(" ");
      ServerSocket listener = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
      out.println(word[0] + " listening " + listener.getLocalPort());
      new Thread(() -> {
        for (;;) {
          try (Socket socket = listener.accept()) {
            socket.setSoTimeout(4000);
            if (word[1].equals("engine")) engine(context, word[2].split(","), word[3], socket);
            else socket(context, word[2].split(","), word[3], socket);
            out.println(word[0] + " done");
          } catch (Exception e) {
            out.println(word[0] + " failed " + e.getMessage());
          }
        }
      }).start();
    }
    System.exit(0);
  }
}
`;

export type JavaKind = 'engine' | 'socket';
export type ClientAuthentication = 'none' | 'want' | 'need';

/** A running JDK. The folder holds `server.pem`, `server.key` (RSA, PKCS #8) and `ca.pem`, which it trusts. */
export class JavaEngines {
  readonly #talker: Talker;
  #next = 0;

  private constructor(talker: Talker) {
    this.#talker = talker;
  }

  static async start(folder: string): Promise<JavaEngines> {
    writeFileSync(path.join(folder, 'Engines.java'), SOURCE);
    const talker = new Talker('java', ['-Xmx128m', '-XX:TieredStopAtLevel=1', 'Engines.java'], folder);
    if ((await talker.hear(/^ready$/m, 30_000)) === undefined) throw new Error(`no Java: ${talker.output}`);
    return new JavaEngines(talker);
  }

  /** Port of a server that takes connections, one at a time, until the JDK ends; it answers `answer` and closes. */
  async server(kind: JavaKind, protocols: string, asks: ClientAuthentication): Promise<number> {
    const id = `s${this.#next++}`;
    this.#talker.say(`${id} ${kind} ${protocols} ${asks}\n`);
    const port = await this.#talker.hear(new RegExp(`^${id} listening (\\d+)$`, 'm'));
    if (port === undefined) throw new Error(`Java does not listen: ${this.#talker.output}`);
    return Number(port[1]);
  }

  async end(): Promise<void> {
    this.#talker.kill();
    await this.#talker.ended();
  }
}
