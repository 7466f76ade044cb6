package dev.tidemark.contract;

import dev.tidemark.client.ClientConfig;
import dev.tidemark.client.WalClient;
import dev.tidemark.server.ServerConfig;
import dev.tidemark.server.WalServer;
import dev.tidemark.wal.api.Partition;
import java.nio.file.Path;
import java.time.Duration;

/** Partitions of a server, through a client. */
final class RemotePartitions implements PartitionSource {
    private final WalServer server;
    private final WalClient client;

    RemotePartitions(Path directory) {
        server = WalServer.start(ServerConfig.builder().port(0).build(), EmbeddedPartitions.config(directory));
        client = WalClient.connect(ClientConfig.builder("127.0.0.1:" + server.port())
                .requestTimeout(Duration.ofSeconds(60))
                .appendTimeout(Duration.ofSeconds(60))
                .build());
    }

    @Override
    public Partition partition(String name, int number) {
        return client.partition(name, number);
    }

    @Override
    public void delete(String name, int number) {
        client.deletePartition(name, number);
    }

    @Override
    public void close() {
        client.close();
        server.close();
    }
}
