package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.server.ServerConfig;
import dev.tidemark.server.WalServer;
import dev.tidemark.server.security.TestAuthority;
import dev.tidemark.wal.api.WalConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands that take {@code --server} in place of {@code --data}. */
class ServerOptionTest {
    @TempDir
    Path directory;

    private WalServer server;

    @BeforeEach
    void startServer() {
        server = WalServer.start(ServerConfig.builder().port(0).build(), WalConfig.of(directory.resolve("data")));
        server.awaitServing(Duration.ofSeconds(60));
    }

    @AfterEach
    void stopServer() {
        server.close();
    }

    private CliRun run(String input, String command, Object... rest) {
        List<Object> args = new ArrayList<>(List.of(command, "--server", "127.0.0.1:" + server.port()));
        args.addAll(List.of(rest));
        return CliRun.withInput(input, args.toArray());
    }

    @Test
    void whatIsProduced_isFetchedTailedAndShown() {
        CliRun produced = run("a\nb\nc\n", "produce", "orders-0");
        assertThat(produced.exitCode()).as(produced.err()).isZero();
        assertThat(produced.err()).contains("produced 3 records").contains("end=3");
        assertThat(run("", "fetch", "orders-0").out()).isEqualTo("a\nb\nc\n");
        assertThat(run("", "fetch", "orders-0", "--from", 1, "--max", 1, "--with-offsets")
                        .out())
                .isEqualTo("1\tb\n");
        assertThat(run("", "tail", "orders-0", "-n", 2).out()).isEqualTo("b\nc\n");
        assertThat(run("", "partitions").out()).isEqualTo("orders-0 0..3\n");
        assertThat(run("", "stat").out()).contains("orders-0").contains("OPEN");
        assertThat(run("", "stat", "--json").out())
                .contains("\"partition\":\"orders-0\"")
                .contains("\"durable\":3");
    }

    @Test
    void partitionsAndCheckpoints_areMadeAndRemoved() {
        assertThat(run("", "partitions", "create", "orders-0", "orders-1").out())
                .isEqualTo("orders-0 made\norders-1 made\n");
        assertThat(run("a\nb\n", "produce", "orders-0").exitCode()).isZero();
        assertThat(run("", "checkpoint", "orders-0", "billing", 1).out()).isEqualTo("billing 1\n");
        assertThat(run("", "checkpoint", "orders-0").out()).isEqualTo("billing 1\n");
        assertThat(run("", "checkpoint", "orders-0", "billing", "--remove").exitCode())
                .isZero();
        assertThat(run("", "checkpoint", "orders-0").out()).isEmpty();
        assertThat(run("", "partitions", "delete", "orders-1", "--yes").out()).startsWith("orders-1 deleted");
        assertThat(run("", "partitions").out()).isEqualTo("orders-0 0..2\n");
    }

    @Test
    void bench_saysHowFastItWas_andWhatItAppendedIsThere() {
        CliRun waiting = run("", "bench", "bench-0", "--seconds", 1, "--producers", 3, "--bytes", 100);
        assertThat(waiting.exitCode()).as(waiting.err()).isZero();
        assertThat(waiting.out()).contains("appends/s of 100 bytes").contains("producers=3");
        CliRun many = run("", "bench", "bench-0", "--seconds", 1, "--in-flight", 50, "--json");
        assertThat(many.out()).contains("\"appendsPerSecond\":").contains("\"p99Micros\":");
        assertThat(run("", "fetch", "bench-0", "--max", 1).out()).isNotEmpty();
    }

    @Test
    void whatIsNotThere_isSaidWithItsCode() {
        CliRun unknown = run("", "fetch", "nowhere-0");
        assertThat(unknown.exitCode()).isEqualTo(ExitCode.NOT_FOUND.number());
        assertThat(unknown.err()).contains("PARTITION_UNKNOWN");
        CliRun beyond = run("", "checkpoint", "nowhere-0");
        assertThat(beyond.err()).contains("PARTITION_UNKNOWN");
    }

    @Test
    void serverWithTls_isSpokenToWithTls_andSaidSoWhereItIsNot() throws Exception {
        TestAuthority authority = TestAuthority.in(directory, "authority");
        try (WalServer secure = WalServer.start(
                ServerConfig.builder()
                        .port(0)
                        .tls(authority.issue("server", "localhost"))
                        .build(),
                WalConfig.of(directory.resolve("secure")))) {
            secure.awaitServing(Duration.ofSeconds(60));
            String place = "localhost:" + secure.port();
            CliRun made =
                    CliRun.of("partitions", "--server", place, "--tls-trust", authority.trust(), "create", "orders-0");
            assertThat(made.exitCode()).as(made.err()).isZero();
            assertThat(CliRun.of("partitions", "--server", place).err())
                    .contains("TLS_REQUIRED")
                    .contains("--tls");
            assertThat(CliRun.of("partitions", "--server", place, "--tls").err())
                    .contains("TLS_FAILED");
        }
        assertThat(run("", "partitions", "--tls-trust", authority.trust()).err())
                .contains("TLS_UNEXPECTED");
        assertThat(run("", "partitions", "--tls-cert", authority.trust()).err()).contains("come together");
        assertThat(CliRun.of("fetch", "--data", directory, "--tls", "orders-0").exitCode())
                .isEqualTo(ExitCode.USAGE.number());
    }

    @Test
    void nameThatLeadsElsewhere_isNoName() throws IOException {
        List<Path> before = everything();
        for (String name : List.of(
                "..-0",
                "../data-0",
                "%2e%2e-0",
                "a/b-0",
                "a\\b-0",
                "or\0ders-0",
                "orders-0/../../x-0",
                "-0",
                "x".repeat(10 << 10) + "-0")) {
            for (String command : List.of("fetch", "tail", "produce", "checkpoint")) {
                CliRun run = run("v\n", command, "--", name);
                assertThat(run.exitCode()).as(command + " " + name).isEqualTo(ExitCode.USAGE.number());
                assertThat(run.err()).as(command + " " + name).doesNotContain("Exception", "internal");
            }
            assertThat(run("", "partitions", "create", "--", name).exitCode())
                    .as(name)
                    .isEqualTo(ExitCode.USAGE.number());
        }
        assertThat(everything()).isEqualTo(before);
    }

    private List<Path> everything() throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(file -> !file.toString().endsWith(".tmp"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void neitherOrBothPlaces_isAWrongCall() {
        assertThat(CliRun.of("fetch", "orders-0").err()).contains("--data DIR or --server HOST:PORT");
        CliRun both = run("", "fetch", "--data", directory, "orders-0");
        assertThat(both.exitCode()).isEqualTo(ExitCode.USAGE.number());
        CliRun nonsense = CliRun.of("fetch", "--server", "nonsense", "orders-0");
        assertThat(nonsense.exitCode()).isNotZero();
        assertThat(nonsense.err()).contains("host:port");
    }
}
