package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.server.ServeProbe;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code wal serve} as a process of its own. */
class ServeTest {
    private static final Pattern LINE = Pattern.compile(
            "serving (.*) on 127\\.0\\.0\\.1:(\\d+), health and metrics on (http://127\\.0\\.0\\.1:\\d+)");

    @TempDir
    private Path directory;

    @Test
    void serverInAProcess_servesAndEndsInOrderWhenItIsAsked() throws Exception {
        Path data = directory.resolve("data");
        Process process = start(data);
        try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
            Matcher said = said(out);
            assertThat(ServeProbe.append(Integer.parseInt(said.group(2)), "hello"))
                    .isZero();
            assertThat(get(said.group(3) + "/health/live").statusCode()).isEqualTo(200);
            assertThat(get(said.group(3) + "/health/ready").body()).contains("\"ready\":true");
            assertThat(get(said.group(3) + "/metrics").body())
                    .contains("wal_append_records_total")
                    .contains("wal_server_requests_total{kind=\"produce\"} 1.0");

            CliProcess.signal(process, "TERM");
            assertThat(out.readLine()).isEqualTo("stopped");
            assertThat(CliProcess.exitCode(process)).isEqualTo(143);
        } finally {
            process.destroyForcibly();
        }
        assertThat(CliRun.of("fetch", "--data", data, "orders-0").out()).isEqualTo("hello\n");
        assertThat(CliRun.of("stat", "--data", data, "--json").exitCode()).isZero();
    }

    /** What can be changed is, the rest is named; nothing of it disturbs who is being served. */
    @Test
    void serverThatIsHungUp_readsItsConfigurationAgain_andSaysWhatNeedsARestart() throws Exception {
        Path file = Files.writeString(
                directory.resolve("tidemark.conf"), "data = data\nport = 0\nhttp-port = 0\nlog-level = info\n");
        Process process = CliProcess.start(CliProcess.command("serve", "--config", file), directory.resolve("err"));
        try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
            Matcher said = said(out);
            awaitSaid("server listens: host=127.0.0.1 port=" + said.group(2) + " httpPort=");
            awaitSaid(
                    "partitions=0 wasClean=true recoveryMillis=\\d+ scannedBytes=0 undecided=0 quarantined=0 refused=0");
            CliProcess.signal(process, "HUP");
            awaitSaid("configuration was read again: logLevel=INFO");
            Files.writeString(file, "data = data\nport = 1\nhttp-port = 0\nlog-level = loud\n");
            CliProcess.signal(process, "HUP");
            awaitSaid("configuration cannot be used, that before goes on: .*:4: log-level=loud");
            Files.writeString(file, "data = data\nport = 1\nhttp-port = 0\nlog-level = warn\n");
            CliProcess.signal(process, "HUP");
            awaitSaid("these need a restart, and are as they were: port \\(0 to 1\\)");
            assertThat(ServeProbe.append(Integer.parseInt(said.group(2)), "hello"))
                    .isZero();
            CliProcess.signal(process, "TERM");
            assertThat(CliProcess.exitCode(process)).isEqualTo(143);
            // It is at WARN since.
            assertThat(errors()).doesNotContain("server stops");
        } finally {
            process.destroyForcibly();
        }
    }

    private void awaitSaid(String pattern) {
        await().atMost(Duration.ofMinutes(2))
                .untilAsserted(() -> assertThat(errors()).containsPattern(pattern));
    }

    /** A recovery may take long; who asks for the end of the process does not wait for it, and loses nothing. */
    @Test
    void serverThatIsStoppedWhileItRecovers_endsAtOnceAndLosesNothing() throws Exception {
        Path data = directory.resolve("data");
        assertThat(CliRun.withInput("a\nb\n", "produce", "--data", data, "orders-0")
                        .exitCode())
                .isZero();
        assertThat(CliRun.withInput("x\n", "produce", "--data", data, "other-0").exitCode())
                .isZero();
        // Reading it takes for ever: nobody writes into it.
        Path hanging = data.resolve("other-0").resolve("PARTITION");
        Path aside = Files.move(hanging, directory.resolve("aside"));
        assertThat(new ProcessBuilder("mkfifo", hanging.toString()).start().waitFor())
                .isZero();
        Process process = start(data);
        // Opening a pipe for writing waits until somebody opens it for reading: then recovery has begun.
        CompletableFuture<OutputStream> reached =
                CompletableFuture.supplyAsync(() -> openForWriting(hanging), task -> new Thread(task).start());
        try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
                OutputStream silent = reached.get(1, TimeUnit.MINUTES)) {
            assertThat(silent).isNotNull();
            CliProcess.signal(process, "TERM");
            assertThat(out.readLine()).startsWith("stopped while recovering");
            assertThat(CliProcess.exitCode(process)).isEqualTo(143);
        } finally {
            process.destroyForcibly();
        }
        Files.delete(hanging);
        Files.move(aside, hanging);
        assertThat(CliRun.of("fetch", "--data", data, "orders-0").out()).isEqualTo("a\nb\n");
        assertThat(CliRun.of("fetch", "--data", data, "other-0").out()).isEqualTo("x\n");
    }

    /** Everything acknowledged is there exactly once, in a process that was killed twice under load. */
    @Test
    void serverThatIsKilledUnderLoad_losesAndDoublesNothing() throws Exception {
        Path data = directory.resolve("data");
        List<String> acknowledged = new ArrayList<>();
        long sequence = 0;
        for (int round = 0; round < 3; round++) {
            Process process = start(data);
            try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
                int port = Integer.parseInt(said(out).group(2));
                boolean isLast = round == 2;
                sequence = ServeProbe.appendUntil(port, sequence, acknowledged, 300, () -> {
                    if (!isLast) {
                        process.destroyForcibly();
                    }
                });
                if (isLast) {
                    assertThat(ServeProbe.readAll(port)).startsWith(acknowledged.toArray(new String[0]));
                    assertThat(ServeProbe.readAll(port)).doesNotHaveDuplicates();
                }
            } finally {
                process.destroyForcibly();
                CliProcess.exitCode(process);
            }
        }
        assertThat(acknowledged).hasSizeGreaterThanOrEqualTo(600);
    }

    @Test
    void portThatIsTaken_isSaidAndNothingIsOpened() throws Exception {
        try (java.net.ServerSocket taken = new java.net.ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
            CliRun run = CliRun.of("serve", "--data", directory.resolve("data"), "--port", taken.getLocalPort());
            assertThat(run.exitCode()).isNotZero();
            assertThat(run.err()).contains("port cannot be listened on").contains("port=" + taken.getLocalPort());
            assertThat(Files.exists(directory.resolve("data"))).isFalse();
        }
    }

    @Test
    void addressOfTheNetwork_isRefusedWithoutAuthentication() {
        Path data = directory.resolve("data");
        CliRun run = CliRun.of("serve", "--data", data, "--host", "0.0.0.0", "--port", 0);
        assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE.number());
        assertThat(run.err()).contains("CONFIG_INVALID").contains("host=0.0.0.0");
        assertThat(Files.exists(data)).isFalse();
    }

    private static OutputStream openForWriting(Path pipe) {
        try {
            return Files.newOutputStream(pipe, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Process start(Path data) throws IOException {
        return CliProcess.start(
                CliProcess.command("serve", "--data", data, "--port", 0, "--http-port", 0), directory.resolve("err"));
    }

    private Matcher said(BufferedReader out) throws IOException {
        String line = out.readLine();
        assertThat(line).as(() -> errors()).isNotNull();
        Matcher said = LINE.matcher(line);
        assertThat(said.matches()).as(line).isTrue();
        return said;
    }

    private String errors() {
        try {
            return Files.readString(directory.resolve("err"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static HttpResponse<String> get(String uri) throws IOException, InterruptedException {
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create(uri))
                                .timeout(Duration.ofMinutes(1))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
    }
}
