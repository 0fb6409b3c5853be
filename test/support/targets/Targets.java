import java.io.*;
import java.net.*;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.security.*;
import java.security.cert.*;
import java.security.spec.*;
import java.util.*;
import java.util.concurrent.*;
import javax.net.ssl.*;

/**
 * TLS servers of the JDK, all in one process: blocking sockets as Flink's BLOB server has them, engines as Netty and
 * Pekko use them. Reads commands, one a line, runs in the folder that holds NAME.pem and NAME.key (RSA, PKCS #8):
 *
 * serve ID socket|engine ADDRESS PROTOCOLS SUITES none|want|need IDENTITY TRUSTED
 *
 * Lists are separated by commas; SUITES may be "default". Says "ID listening PORT". Ends with its standard input.
 */
public class Targets {
  static final int IDLE_MS = 30_000;
  static final ExecutorService pool = Executors.newCachedThreadPool(work -> {
    Thread thread = new Thread(work);
    thread.setDaemon(true);
    return thread;
  });

  static PrivateKey key(String file) throws Exception {
    String text = Files.readString(Path.of(file)).replaceAll("-----[^-]+-----", "").replaceAll("\\s", "");
    return KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(text)));
  }

  static java.security.cert.Certificate[] certificates(String file) throws Exception {
    try (InputStream in = new FileInputStream(file)) {
      return CertificateFactory.getInstance("X.509").generateCertificates(in).toArray(new java.security.cert.Certificate[0]);
    }
  }

  static SSLContext context(String identity, String trusted) throws Exception {
    KeyStore trust = KeyStore.getInstance("PKCS12");
    trust.load(null, null);
    for (String name : trusted.split(",")) trust.setCertificateEntry(name, certificates(name + ".pem")[0]);
    TrustManagerFactory trustManagers = TrustManagerFactory.getInstance("PKIX");
    trustManagers.init(trust);
    KeyStore own = KeyStore.getInstance("PKCS12");
    own.load(null, null);
    own.setKeyEntry("own", key(identity + ".key"), new char[0], certificates(identity + ".pem"));
    KeyManagerFactory keyManagers = KeyManagerFactory.getInstance("SunX509");
    keyManagers.init(own, new char[0]);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keyManagers.getKeyManagers(), trustManagers.getTrustManagers(), null);
    return context;
  }

  /** What a server answers inside TLS: to a GET a small page, to anything else nothing. */
  static byte[] answer(byte[] asked, int length) {
    if (length < 4 || !new String(asked, 0, 4, StandardCharsets.US_ASCII).equals("GET ")) return new byte[0];
    String text = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 3\r\n\r\n{}\n";
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  static void serveSocket(Socket accepted) {
    try (Socket socket = accepted) {
      byte[] asked = new byte[4096];
      for (int n; (n = socket.getInputStream().read(asked)) >= 0; ) {
        byte[] answer = answer(asked, n);
        if (answer.length > 0) socket.getOutputStream().write(answer);
      }
    } catch (IOException e) {
      // A refused handshake: JSSE has told the client.
    }
  }

  /** One connection over an engine: records that are due go out in one write, as Netty flushes them. */
  static final class EngineConnection {
    final SSLEngine engine;
    final Socket socket;
    final ByteArrayOutputStream due = new ByteArrayOutputStream();
    final ByteBuffer received;
    final ByteBuffer plain;
    final ByteBuffer record;

    EngineConnection(SSLEngine engine, Socket socket) {
      this.engine = engine;
      this.socket = socket;
      received = ByteBuffer.allocate(2 * engine.getSession().getPacketBufferSize()).flip();
      plain = ByteBuffer.allocate(2 * engine.getSession().getApplicationBufferSize());
      record = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
    }

    void run() throws IOException {
      try {
        while (step()) { }
      } catch (SSLException refused) {
        for (int n = 0; n < 4 && !engine.isOutboundDone(); n++) wrap(ByteBuffer.allocate(0));
      }
      flush();
    }

    boolean step() throws IOException {
      switch (engine.getHandshakeStatus()) {
        case NEED_TASK:
          for (Runnable task; (task = engine.getDelegatedTask()) != null; ) task.run();
          return true;
        case NEED_WRAP:
          wrap(ByteBuffer.allocate(0));
          return !engine.isOutboundDone();
        default:
          return unwrap();
      }
    }

    void wrap(ByteBuffer source) throws SSLException {
      record.clear();
      engine.wrap(source, record);
      due.write(record.array(), 0, record.position());
    }

    boolean unwrap() throws IOException {
      plain.clear();
      SSLEngineResult result = engine.unwrap(received, plain);
      if (result.getStatus() == SSLEngineResult.Status.CLOSED) {
        engine.closeOutbound();
        wrap(ByteBuffer.allocate(0));
        return false;
      }
      if (plain.position() > 0) {
        byte[] answer = answer(plain.array(), plain.position());
        if (answer.length > 0) wrap(ByteBuffer.wrap(answer));
      }
      return result.getStatus() != SSLEngineResult.Status.BUFFER_UNDERFLOW || more();
    }

    boolean more() throws IOException {
      flush();
      received.compact();
      int n = socket.getInputStream().read(received.array(), received.position(), received.remaining());
      if (n > 0) received.position(received.position() + n);
      received.flip();
      return n > 0;
    }

    void flush() throws IOException {
      socket.getOutputStream().write(due.toByteArray());
      due.reset();
    }
  }

  static void serveEngine(SSLEngine engine, Socket accepted) {
    try (Socket socket = accepted) {
      new EngineConnection(engine, socket).run();
    } catch (IOException | RuntimeException e) {
      // The client went away.
    }
  }

  static SSLParameters parameters(SSLParameters all, String protocols, String suites, String asks) {
    all.setProtocols(protocols.split(","));
    if (!suites.equals("default")) all.setCipherSuites(suites.split(","));
    if (asks.equals("want")) all.setWantClientAuth(true);
    if (asks.equals("need")) all.setNeedClientAuth(true);
    return all;
  }

  interface Accepting {
    void take(Socket socket) throws Exception;
  }

  static void listen(String id, ServerSocket listener, Accepting accepting) {
    System.out.println(id + " listening " + listener.getLocalPort());
    pool.execute(() -> {
      while (true) {
        try {
          Socket socket = listener.accept();
          socket.setSoTimeout(IDLE_MS);
          socket.setTcpNoDelay(true);
          pool.execute(() -> {
            try {
              accepting.take(socket);
            } catch (Exception e) {
              System.out.println(id + " error " + e);
            }
          });
        } catch (IOException e) {
          return;
        }
      }
    });
  }

  static void serve(String[] word) throws Exception {
    SSLContext context = context(word[7], word[8]);
    InetAddress address = InetAddress.getByName(word[3]);
    if (word[2].equals("socket")) {
      SSLServerSocket listener = (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0, 200, address);
      listener.setSSLParameters(parameters(listener.getSSLParameters(), word[4], word[5], word[6]));
      listen(word[1], listener, Targets::serveSocket);
    } else {
      listen(word[1], new ServerSocket(0, 200, address), socket -> {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(false);
        engine.setSSLParameters(parameters(engine.getSSLParameters(), word[4], word[5], word[6]));
        serveEngine(engine, socket);
      });
    }
  }

  public static void main(String[] args) throws Exception {
    // As OpenJDK 17.0.15 ships it: later patch levels add TLS_RSA_*, which the targets need.
    Security.setProperty("jdk.tls.disabledAlgorithms",
        "SSLv3, TLSv1, TLSv1.1, DTLSv1.0, RC4, DES, MD5withRSA, DH keySize < 1024, EC keySize < 224, 3DES_EDE_CBC, anon, NULL, ECDH");
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    System.out.println("ready");
    for (String line; (line = in.readLine()) != null; ) {
      String[] word = line.trim().split(" ");
      try {
        serve(word);
      } catch (Exception e) {
        System.out.println(word[1] + " error " + e);
      }
    }
    System.exit(0);
  }
}
