package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.client.ClientConfig;
import dev.tidemark.client.WalClient;
import dev.tidemark.contract.Appenders;
import dev.tidemark.contract.FaultyProxy;
import dev.tidemark.wal.api.Partition;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients whose server is killed and started again, as processes are, on another port each time, behind a network that is no better. */
class ServerKilledTest {
    private static final Pattern PORT = Pattern.compile("serving .* on 127\\.0\\.0\\.1:(\\d+).*");

    /** Beside the one that does most. */
    private static final int CLIENTS = 8;

    @TempDir
    Path directory;

    @Test
    void serverIsKilledUnderLoad_clientsGoOn_andEachAppendIsThereOnce() throws Exception {
        long seed = Long.getLong("tidemark.seed", new SplittableRandom().nextLong());
        System.out.println("killed: seed=" + seed);
        Process server = start();
        List<WalClient> crowd = new ArrayList<>();
        try (FaultyProxy proxy = new FaultyProxy(port(server), seed, 200_000);
                WalClient client = impatient(proxy.port())) {
            Partition orders = client.partition("orders", 0);
            Appenders appenders = new Appenders();
            for (int t = 0; t < 3; t++) {
                appenders.start("waiting" + t, orders, 100, true);
                appenders.start("many" + t, orders, 1_000, false);
            }
            for (int c = 0; c < CLIENTS; c++) {
                WalClient one = impatient(proxy.port());
                crowd.add(one);
                appenders.start("client" + c, one.partition("orders", 0), 40, c % 2 == 0);
            }
            for (long place : new long[] {200, 900}) {
                orders.whenReadable(place).get(120, TimeUnit.SECONDS);
                server.destroyForcibly();
                CliProcess.exitCode(server);
                server = start();
                proxy.moveTo(port(server));
            }
            appenders.assertThatEachIsThereOnce(orders);
        } finally {
            crowd.forEach(WalClient::close);
            server.destroyForcibly();
            CliProcess.exitCode(server);
        }
        assertThat(Files.readString(directory.resolve("err"))).doesNotContain("LEAK");
    }

    /** Soon sure that a connection is dead, and soon back. */
    private static WalClient impatient(int port) {
        return WalClient.connect(ClientConfig.builder("127.0.0.1:" + port)
                .heartbeat(Duration.ofMillis(100))
                .idleTimeout(Duration.ofMillis(500))
                .firstBackOff(Duration.ofMillis(1))
                .maxBackOff(Duration.ofMillis(50))
                .requestTimeout(Duration.ofSeconds(120))
                .build());
    }

    private Process start() throws IOException {
        return CliProcess.start(
                CliProcess.commandWith(
                        List.of("-Dio.netty.leakDetection.level=paranoid"),
                        "serve",
                        "--data",
                        directory.resolve("data"),
                        "--port",
                        0),
                directory.resolve("err"));
    }

    private int port(Process server) throws IOException {
        // Left open: closing it would end the process's next word with an error.
        BufferedReader out = server.inputReader(StandardCharsets.UTF_8);
        String line = out.readLine();
        assertThat(line).as(Files.readString(directory.resolve("err"))).isNotNull();
        Matcher said = PORT.matcher(line);
        assertThat(said.matches()).as(line).isTrue();
        return Integer.parseInt(said.group(1));
    }
}
