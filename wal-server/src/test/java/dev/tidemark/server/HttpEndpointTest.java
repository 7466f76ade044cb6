package dev.tidemark.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.Wal;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Peers of the HTTP port that ask more than they hear. */
class HttpEndpointTest {
    private static final int PATIENCE_MILLIS = 60_000;

    @TempDir
    private Path directory;

    private WalServer server;
    private ServerConfig config;

    @BeforeEach
    void start() {
        config = TestServer.config().httpPort(0).build();
        server = TestServer.start(config, TestServer.store(directory).build());
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(4 << 10);
        socket.connect(new InetSocketAddress("127.0.0.1", server.httpPort().getAsInt()), PATIENCE_MILLIS);
        socket.setSoTimeout(PATIENCE_MILLIS);
        return socket;
    }

    private static byte[] get(String path, int times) {
        return ("GET " + path + " HTTP/1.1\r\nHost: here\r\n\r\n").repeat(times).getBytes(StandardCharsets.US_ASCII);
    }

    /** The metrics take their time on a pool; what was asked later must not overtake them. */
    @Test
    void answers_comeInTheOrderOfTheQuestions() throws IOException {
        try (Socket socket = connect()) {
            StringBuilder asked = new StringBuilder();
            for (String path : List.of("/metrics", "/health/live", "/metrics", "/nowhere")) {
                asked.append(new String(get(path, 1), StandardCharsets.US_ASCII));
            }
            asked.append("GET /health/ready HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
            socket.getOutputStream().write(asked.toString().getBytes(StandardCharsets.US_ASCII));
            String heard = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(heard)
                    .containsSubsequence(
                            "wal_server_connections",
                            "\"live\":true",
                            "wal_server_connections",
                            "not found",
                            "\"ready\":true");
            assertThat(heard.split("HTTP/1.1 ")).hasSize(6);
        }
    }

    @Test
    void peerThatAsksAndDoesNotListen_isNotReadOn() throws IOException {
        int questions = 5_000;
        try (Socket deaf = connect();
                Socket other = connect()) {
            deaf.getOutputStream().write(get("/metrics", questions));
            for (int i = 0; i < 150; i++) {
                other.getOutputStream().write(get("/metrics", 1));
                readAnswer(other.getInputStream());
            }
            // As much as the kernel holds for a socket, and one more.
            assertThat(config.meters()
                            .get("wal.server.pool")
                            .tag("pool", "file")
                            .timer()
                            .count())
                    .isLessThan(questions / 2);
        }
    }

    private String ask(String path, String host) throws IOException {
        try (Socket socket = connect()) {
            socket.getOutputStream()
                    .write(("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void statusPage_isOfThisServerAlone_andTellsOfItsPartitions() throws IOException {
        Wal wal = server.services().serving().wal();
        wal.partition("orders", 0).append(new byte[100]);
        wal.partition("orders", 0).checkpoint("billing", 0);
        for (String path : List.of("/", "/status", "/status/status.js", "/status/status.css", "/status/icon.svg")) {
            assertThat(ask(path, "here"))
                    .as(path)
                    .startsWith("HTTP/1.1 200")
                    .contains("default-src 'none'; script-src 'self'")
                    .contains("frame-ancestors 'none'")
                    .containsIgnoringCase("x-content-type-options: nosniff")
                    .doesNotContain("https://", "style=\"", "onclick=");
        }
        assertThat(ask("/status/api/overview", "localhost"))
                .contains("\"state\":\"serving\"", "\"partitions\":1,", "\"records\":1,", "\"forces\":");
        assertThat(ask("/status/api/partitions?q=ord%65rs&limit=5", "127.0.0.1:7879"))
                .contains("\"found\":1,", "\"name\":\"orders-0\"", "\"durable\":1,", "\"slowest\":\"billing\"");
        assertThat(ask("/status/api/partition?name=orders-0", "[::1]:7879")).contains("\"offset\":0,\"lag\":1");
        assertThat(ask("/status/api/partitions?limit=%zz", "localhost")).startsWith("HTTP/1.1 200");
        assertThat(ask("/status/api/partitions?limit=0", "localhost")).startsWith("HTTP/1.1 400");
        assertThat(ask("/status/../api", "localhost")).startsWith("HTTP/1.1 404");
    }

    /** A page of somebody's in a browser here can have its own name lead to this machine, and would read what it likes. */
    @Test
    void statusAskedForUnderAnotherName_isRefusedWhereNobodyIsAskedWhoHeIs() throws IOException {
        for (String host : List.of(
                "evil.example", "evil.example:7879", "localhost.evil.example", "[evil", "127.0.0.1.evil.example")) {
            assertThat(ask("/status/api/partitions", host))
                    .as(host)
                    .startsWith("HTTP/1.1 403")
                    .contains("HOST_UNEXPECTED");
        }
    }

    private static void readAnswer(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            head.append((char) in.read());
        }
        String length = head.toString()
                .toLowerCase(java.util.Locale.ROOT)
                .split("content-length: ")[1]
                .split("\r\n")[0];
        assertThat(in.readNBytes(Integer.parseInt(length))).hasSize(Integer.parseInt(length));
    }
}
