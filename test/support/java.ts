import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Talker } from './openssl.ts';

/** Servers and clients of the JDK's TLS (`SSLSocket`), one process for all; commands on its standard input. */
const SOURCE = `
import java.io.*;
import java.nio.file.*;
import java.security.*;
import java.security.cert.*;
import java.security.spec.*;
import java.util.*;
import javax.net.ssl.*;

public class Talk {
  static final PrintStream out = System.out;

  static PrivateKey key(String file) throws Exception {
    String text = Files.readString(Path.of(file)).replaceAll("-----[^-]+-----", "").replaceAll("\\\\s", "");
    return KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(text)));
  }

  static java.security.cert.Certificate certificate(String file) throws Exception {
    try (InputStream in = new FileInputStream(file)) {
      return CertificateFactory.getInstance("X.509").generateCertificate(in);
    }
  }

  /** identity "none": no certificate to show. */
  static SSLContext context(String identity) throws Exception {
    KeyStore trust = KeyStore.getInstance("PKCS12");
    trust.load(null, null);
    trust.setCertificateEntry("root", certificate("root.pem"));
    TrustManagerFactory trusted = TrustManagerFactory.getInstance("PKIX");
    trusted.init(trust);
    KeyManager[] keys = null;
    if (!identity.equals("none")) {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      var chain = new java.security.cert.Certificate[] {certificate(identity + ".pem")};
      store.setKeyEntry("own", key(identity + ".key"), new char[0], chain);
      KeyManagerFactory factory = KeyManagerFactory.getInstance("SunX509");
      factory.init(store, new char[0]);
      keys = factory.getKeyManagers();
    }
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys, trusted.getTrustManagers(), null);
    return context;
  }

  static void serve(String id, SSLServerSocket listener) {
    try (SSLSocket socket = (SSLSocket) listener.accept()) {
      socket.setSoTimeout(4000);
      int length = socket.getInputStream().read(new byte[100]);
      if (length > 0) socket.getOutputStream().write("answer".getBytes());
      out.println(id + " served " + socket.getSession().getProtocol());
    } catch (IOException e) {
      out.println(id + " refused " + e.getMessage());
    }
  }

  static void server(String id, String protocol, String asks, String identity) throws Exception {
    SSLServerSocket listener = (SSLServerSocket) context(identity).getServerSocketFactory()
        .createServerSocket(0, 10, java.net.InetAddress.getLoopbackAddress());
    listener.setEnabledProtocols(new String[] {protocol});
    if (asks.equals("ask")) listener.setWantClientAuth(true);
    if (asks.equals("need")) listener.setNeedClientAuth(true);
    out.println(id + " listening " + listener.getLocalPort());
    serve(id, listener);
    listener.close();
  }

  static void client(String id, String protocol, int port, String identity) throws Exception {
    try (SSLSocket socket = (SSLSocket) context(identity).getSocketFactory().createSocket("127.0.0.1", port)) {
      socket.setSoTimeout(4000);
      socket.setEnabledProtocols(new String[] {protocol});
      socket.startHandshake();
      socket.getOutputStream().write("ask\\n".getBytes());
      socket.getInputStream().read(new byte[100]);
      out.println(id + " established " + socket.getSession().getProtocol() + " " + socket.getSession().getCipherSuite());
    } catch (IOException e) {
      out.println(id + " refused " + e.getMessage());
    }
  }

  public static void main(String[] args) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    out.println("ready");
    for (String line; (line = in.readLine()) != null; ) {
      String[] word = line.trim().split(" ");
      new Thread(() -> {
        try {
          if (word[0].equals("server")) server(word[1], word[2], word[3], word[4]);
          else client(word[1], word[2], Integer.parseInt(word[3]), word[4]);
        } catch (Exception e) {
          out.println(word[1] + " error " + e);
        }
      }).start();
    }
    System.exit(0);
  }
}
`;

/** What the JDK said of a connection. */
export interface JavaWords {
  readonly kind: 'established' | 'refused' | 'error';
  readonly text: string;
}

/** A running JDK. The folder holds `root.pem` and, for each identity by name, `NAME.pem` and `NAME.key` (RSA, PKCS #8). */
export class Java {
  readonly #talker: Talker;
  #next = 0;

  private constructor(talker: Talker) {
    this.#talker = talker;
  }

  static async start(folder: string): Promise<Java> {
    writeFileSync(path.join(folder, 'Talk.java'), SOURCE);
    const talker = new Talker('java', ['-Xmx128m', '-XX:TieredStopAtLevel=1', 'Talk.java'], folder);
    if ((await talker.hear(/^ready$/m, 30_000)) === undefined) throw new Error(`no Java: ${talker.output}`);
    return new Java(talker);
  }

  /** Port of a server that takes one connection. */
  async server(protocol: string, asks: 'none' | 'ask' | 'need', identity: string): Promise<number> {
    const id = `s${this.#next++}`;
    this.#talker.say(`server ${id} ${protocol} ${asks} ${identity}\n`);
    const port = await this.#talker.hear(new RegExp(`^${id} listening (\\d+)$`, 'm'));
    if (port === undefined) throw new Error(`Java does not listen: ${this.#talker.output}`);
    return Number(port[1]);
  }

  async client(protocol: string, port: number, identity: string): Promise<JavaWords> {
    const id = `c${this.#next++}`;
    this.#talker.say(`client ${id} ${protocol} ${port} ${identity}\n`);
    const words = await this.#talker.hear(new RegExp(`^${id} (established|refused|error) (.*)$`, 'm'));
    if (words === undefined) throw new Error(`Java says nothing of its connection: ${this.#talker.output}`);
    return { kind: words[1] as JavaWords['kind'], text: words[2]! };
  }

  async end(): Promise<void> {
    this.#talker.end();
    await this.#talker.ended();
  }
}
