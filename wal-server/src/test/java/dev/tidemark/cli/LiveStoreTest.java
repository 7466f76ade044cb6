package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.LocalPartition;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A store that another process is writing to. */
class LiveStoreTest {

    @TempDir
    Path directory;

    private Path store;
    private Process producer;
    private OutputStream toProducer;

    @BeforeEach
    void anotherProcessThatAppendsWhatItIsGiven() throws IOException {
        store = CliRun.store(directory.resolve("store"), "orders-0", 3);
        producer = CliProcess.start(
                CliProcess.command("produce", "--data", store, "orders-0"), directory.resolve("producer.txt"));
        toProducer = producer.getOutputStream();
    }

    @AfterEach
    void itEnds() throws InterruptedException {
        producer.destroyForcibly();
        CliProcess.exitCode(producer);
    }

    private void append(String line) throws IOException {
        toProducer.write((line + '\n').getBytes(StandardCharsets.UTF_8));
        toProducer.flush();
    }

    @Test
    void tail_followsUntilItIsInterrupted() throws Exception {
        Path err = directory.resolve("tail.txt");
        Process tail = CliProcess.start(CliProcess.command("tail", "--data", store, "orders-0", "-n", "1", "-f"), err);
        try (BufferedReader lines = tail.inputReader(StandardCharsets.UTF_8)) {
            assertThat(lines.readLine()).isEqualTo("value 2");
            append("fourth");
            assertThat(lines.readLine()).isEqualTo("fourth");
            append("fifth");
            append("sixth");
            assertThat(lines.readLine()).isEqualTo("fifth");
            assertThat(lines.readLine()).isEqualTo("sixth");
            CliProcess.signal(tail, "INT");
            assertThat(lines.readLine()).isNull();
            assertThat(CliProcess.exitCode(tail)).isEqualTo(ExitCode.INTERRUPTED.number());
            assertThat(err).hasContent("");
        } finally {
            tail.destroyForcibly();
        }
    }

    @Test
    void tail_goesOnWhenTheWriterWasKilledAndCameBack() throws Exception {
        Process tail = CliProcess.start(
                CliProcess.command("tail", "--data", store, "orders-0", "-n", "1", "-f"),
                directory.resolve("tail.txt"));
        try (BufferedReader lines = tail.inputReader(StandardCharsets.UTF_8)) {
            assertThat(lines.readLine()).isEqualTo("value 2");
            append("fourth");
            assertThat(lines.readLine()).isEqualTo("fourth");
            producer.destroyForcibly();
            CliProcess.exitCode(producer);
            assertThat(CliRun.withInput("fifth\n", "produce", "--data", store, "orders-0")
                            .exitCode())
                    .isZero();
            assertThat(lines.readLine()).isEqualTo("fifth");
        } finally {
            tail.destroyForcibly();
        }
    }

    @Test
    void tail_goesOnWhenRecoveryCutWhatItHadSeenAboveTheProof() throws Exception {
        Path killed = directory.resolve("killed");
        try (Wal wal = Wal.open(CliRun.withoutProofs(directory.resolve("short-lived")))) {
            LocalPartition orders = wal.partition("orders", 0);
            orders.append("proven".getBytes(StandardCharsets.UTF_8));
            orders.append("unproven".getBytes(StandardCharsets.UTF_8));
            StoreFiles.copy(directory.resolve("short-lived"), killed);
        }
        Path err = directory.resolve("tail.txt");
        Process tail = CliProcess.start(CliProcess.command("tail", "--data", killed, "orders-0", "-f"), err);
        try (BufferedReader lines = tail.inputReader(StandardCharsets.UTF_8)) {
            assertThat(lines.readLine()).isEqualTo("proven");
            // The payload of the second frame: 40 bytes of header, six of payload, two of padding, 40 of header.
            StoreFiles.flip(StoreFiles.segments(killed, "orders-0").get(0), 4096 + 88);
            CliRun produced = CliRun.withInput("new\n", "produce", "--data", killed, "orders-0");
            assertThat(produced.err()).contains("first=1 end=2");

            assertThat(lines.readLine()).isEqualTo("new");
            assertThat(err).hasContent("");
        } finally {
            tail.destroyForcibly();
        }
    }

    @Test
    void secondWriter_isRefusedAndToldWhoTheFirstIs() throws Exception {
        awaitFirstAppend();
        CliRun run = CliRun.withInput("x\n", "produce", "--data", store, "orders-0");

        assertThat(run.exitCode()).isEqualTo(ExitCode.LOCKED.number());
        assertThat(run.err()).startsWith("wal: STORE_LOCKED ").contains("pid=" + producer.pid());
    }

    @Test
    void stat_saysWhoIsWriting() throws Exception {
        awaitFirstAppend();
        CliRun run = CliRun.of("stat", "--data", store);

        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).contains("writing by pid=" + producer.pid());
    }

    @Test
    void verify_findsNothingWrong() throws Exception {
        awaitFirstAppend();
        CliRun run = CliRun.of("verify", "--data", store);

        assertThat(run.exitCode()).as(run.toString()).isZero();
    }

    @Test
    void interruptedProducer_closesTheStoreInOrder() throws Exception {
        awaitFirstAppend();
        CliProcess.signal(producer, "INT");

        assertThat(CliProcess.exitCode(producer)).isEqualTo(ExitCode.INTERRUPTED.number());
        assertThat(CliRun.of("stat", "--data", store).out()).contains("last close  clean");
        assertThat(CliRun.of("fetch", "--data", store, "orders-0").outLines()).hasSize(4);
    }

    @Test
    void producerWhoseInputEnds_closesTheStoreInOrder() throws Exception {
        append("fourth");
        toProducer.close();

        assertThat(CliProcess.exitCode(producer)).isZero();
        assertThat(Files.readString(directory.resolve("producer.txt"))).contains("produced 1 record", "first=3 end=4");
    }

    /** Until it has appended, the other process may not even have taken the lock. */
    private void awaitFirstAppend() throws IOException, InterruptedException {
        append("fourth");
        Process tail = CliProcess.start(
                CliProcess.command("tail", "--data", store, "orders-0", "-n", "1", "-f"),
                directory.resolve("tail.txt"));
        try (BufferedReader lines = tail.inputReader(StandardCharsets.UTF_8)) {
            String line = lines.readLine();
            while (line != null && !line.equals("fourth")) {
                line = lines.readLine();
            }
            assertThat(line).isEqualTo("fourth");
        } finally {
            tail.destroyForcibly();
        }
    }
}
