package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.WalClient;
import dev.tidemark.contract.AppendingProcess;
import dev.tidemark.server.ServerConfig;
import dev.tidemark.server.WalServer;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.Partition;
import dev.tidemark.wal.api.WalConfig;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Client processes that are killed in the midst of their work: what was acknowledged to them is there once, and of them nothing is left in the server. */
class ClientsKilledTest {
    private static final int LINES_BEFORE_THE_KILL = 200;
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    @TempDir
    Path directory;

    /** A client, and what it has said so far. */
    private record Client(Process process, BufferedReader out, List<String> lines) {
        void hear(int more) throws IOException {
            for (int i = 0; i < more; i++) {
                String line = out.readLine();
                assertThat(line).as("it goes on until it is killed").isNotNull();
                lines.add(line);
            }
        }

        void hearTheRest() throws IOException {
            // The last line may have been cut by the kill: it was not said then.
            StringBuilder rest = new StringBuilder();
            int next;
            while ((next = out.read()) >= 0) {
                rest.append((char) next);
            }
            rest.substring(0, rest.lastIndexOf("\n") + 1).lines().forEach(lines::add);
        }
    }

    @Test
    void clientsThatAreKilled_loseNothingThatWasAcknowledgedAndLeaveNothing() throws Exception {
        ServerConfig config = ServerConfig.builder().port(0).build();
        WalConfig store = WalConfig.builder(directory.resolve("data"))
                .segmentBytes(64 << 10)
                .reserveBytes(64 << 10)
                .build();
        try (WalServer server = WalServer.start(config, store)) {
            server.awaitServing(PATIENCE);
            List<Client> clients = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                Process process = CliProcess.start(
                        CliProcess.main(AppendingProcess.class, server.port(), "client" + i),
                        directory.resolve("err" + i));
                clients.add(new Client(process, process.inputReader(StandardCharsets.UTF_8), new ArrayList<>()));
            }
            for (Client client : clients) {
                client.hear(LINES_BEFORE_THE_KILL);
                // By its handle: the process itself would close the pipe, with what was said and not read yet.
                client.process.toHandle().destroyForcibly();
                CliProcess.exitCode(client.process);
            }
            for (Client client : clients) {
                client.hearTheRest();
            }
            await().atMost(PATIENCE).until(() -> server.connections() == 0);
            for (String gauge : List.of("wal.server.inflight.bytes", "wal.server.subscriptions")) {
                assertThat(config.meters().get(gauge).gauge().value()).isZero();
            }
            try (WalClient reader = WalClient.connect("127.0.0.1:" + server.port())) {
                Partition orders = reader.partition("orders", 0);
                assertThatEachIsThereOnce(orders, clients);
                // Segments that somebody still held would stay.
                orders.trimTo(orders.ends().readable());
                await().atMost(PATIENCE).until(() -> segments() <= 2);
            }
        }
    }

    private long segments() throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve("data").resolve("orders-0"))) {
            return files.filter(file -> file.toString().endsWith(".seg")).count();
        }
    }

    private static void assertThatEachIsThereOnce(Partition orders, List<Client> clients) {
        Map<String, Long> found = new HashMap<>();
        Map<String, Integer> next = new HashMap<>();
        try (Cursor cursor = orders.read(From.start())) {
            while (cursor.next()) {
                String value = new String(cursor.value(), StandardCharsets.UTF_8);
                assertThat(found.put(value, cursor.offset())).as(value).isNull();
                String[] parts = value.split(":");
                assertThat(Integer.parseInt(parts[1])).as(value).isEqualTo(next.getOrDefault(parts[0], 0));
                next.merge(parts[0], 1, Integer::sum);
            }
        }
        for (Client client : clients) {
            assertThat(client.lines).hasSizeGreaterThanOrEqualTo(LINES_BEFORE_THE_KILL);
            for (String line : client.lines) {
                String[] parts = line.split(" ");
                assertThat(found).containsEntry(parts[0], Long.valueOf(parts[1]));
            }
        }
    }
}
