package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.server.IdleCrowd;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A server in 512 MiB of heap with many connections that are idle, held by a process of their own: it serves others meanwhile, and when that process is killed nothing of them is left. A
 * thousand in the normal build; {@code -Dtidemark.connections=10000} for more.
 */
class ManyConnectionsTest {
    private static final Pattern LINE = Pattern.compile(
            "serving .* on 127\\.0\\.0\\.1:(\\d+), health and metrics on (http://127\\.0\\.0\\.1:\\d+)");
    private static final Pattern CONNECTIONS = Pattern.compile("(?m)^wal_server_connections (\\S+)$");

    @TempDir
    Path directory;

    @Test
    void idleConnectionsByTheThousand_harmNobodyAndLeaveNothing() throws Exception {
        int connections = Integer.getInteger(
                "tidemark.connections",
                System.getProperty("tidemark.budget", "").equals("long") ? 10_000 : 1_000);
        Path log = directory.resolve("err");
        Process server = CliProcess.start(
                CliProcess.commandWith(
                        List.of("-Xmx512m", "-Dio.netty.leakDetection.level=paranoid"),
                        "serve",
                        "--data",
                        directory.resolve("data"),
                        "--port",
                        0,
                        "--http-port",
                        0,
                        "--max-connections-per-address",
                        20_000),
                log);
        Process crowd = null;
        try (BufferedReader out = server.inputReader(StandardCharsets.UTF_8)) {
            Matcher said = LINE.matcher(String.valueOf(out.readLine()));
            assertThat(said.matches()).as(Files.readString(log)).isTrue();
            String place = "127.0.0.1:" + said.group(1);
            long before = residentKib(server);
            crowd = CliProcess.start(
                    CliProcess.main(IdleCrowd.class, said.group(1), connections), directory.resolve("crowd"));
            BufferedReader heard = crowd.inputReader(StandardCharsets.UTF_8);
            assertThat(heard.readLine())
                    .as(Files.readString(directory.resolve("crowd")))
                    .isEqualTo("ready");
            assertThat(connections(said.group(2))).isEqualTo(connections);
            assertThat(CliRun.withInput("a\nb\n", "produce", "--server", place, "orders-0")
                            .exitCode())
                    .isZero();
            assertThat(CliRun.of("fetch", "--server", place, "orders-0").out()).isEqualTo("a\nb\n");
            OutputStream in = crowd.getOutputStream();
            in.write('\n');
            in.flush();
            assertThat(heard.readLine()).isEqualTo("pong");
            System.out.println("connections=" + connections + " residentMiB before=" + before / 1024 + " with="
                    + residentKib(server) / 1024);

            crowd.destroyForcibly();
            CliProcess.exitCode(crowd);
            await().atMost(Duration.ofMinutes(1)).until(() -> connections(said.group(2)) == 0);
            CliProcess.signal(server, "TERM");
            assertThat(out.readLine()).isEqualTo("stopped");
            assertThat(CliProcess.exitCode(server)).isEqualTo(143);
        } finally {
            server.destroyForcibly();
            if (crowd != null) {
                crowd.destroyForcibly();
            }
        }
        assertThat(Files.readString(log)).doesNotContain("LEAK", "OutOfMemory", "Exception");
    }

    private static long residentKib(Process process) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        return 0;
    }

    private static long connections(String http) throws IOException, InterruptedException {
        String page = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create(http + "/metrics"))
                                .timeout(Duration.ofMinutes(1))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
        Matcher found = CONNECTIONS.matcher(page);
        assertThat(found.find()).isTrue();
        return (long) Double.parseDouble(found.group(1));
    }
}
