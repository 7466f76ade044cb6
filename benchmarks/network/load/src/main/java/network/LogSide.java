package network;

import dev.tidemark.client.ClientConfig;
import dev.tidemark.client.WalClient;
import dev.tidemark.client.tls.TlsFiles;
import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.Partition;
import dev.tidemark.wal.api.WalConfig;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Tidemark, in this process or behind a server: the same calls on the same interface, the defaults of both. */
final class LogSide implements Side {
    private final String name;
    private final long serverPid;
    private final Partition partition;
    private final Durability durability;
    private final Runnable closing;
    private boolean isRead;

    private LogSide(String name, long serverPid, Partition partition, Durability durability, Runnable closing) {
        this.name = name;
        this.serverPid = serverPid;
        this.partition = partition;
        this.durability = durability;
        this.closing = closing;
    }

    static LogSide embedded(Path directory, Durability durability) {
        Wal wal = Wal.open(WalConfig.builder(directory).build());
        return new LogSide("embedded", 0, wal.partition("load", 0), durability, wal::close);
    }

    static LogSide remote(String host, int port, long pid, Durability durability) {
        return remote("server", ClientConfig.builder(host + ":" + port), pid, durability);
    }

    /** The same over TLS: the server shows a certificate that this file is to be trusted for. */
    static LogSide remoteOverTls(String host, int port, long pid, Path trust, Durability durability) {
        return remote("tls", ClientConfig.builder(host + ":" + port).tls(TlsFiles.trusting(trust)), pid, durability);
    }

    private static LogSide remote(String name, ClientConfig.Builder config, long pid, Durability durability) {
        WalClient client = WalClient.connect(config.clientName("network-load").build());
        return new LogSide(name, pid, client.partition("load", 0), durability, client::close);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long serverPid() {
        return serverPid;
    }

    @Override
    public void append(byte[] value) {
        partition.append(AppendRequest.of(value).withDurability(durability));
    }

    @Override
    public Ack send(byte[] value) {
        CompletableFuture<Long> offset =
                partition.appendAsync(AppendRequest.of(value).withDurability(durability));
        return () -> offset.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public long read(long untilNanos) {
        isRead = true;
        long bytes = 0;
        while (System.nanoTime() < untilNanos) {
            long before = bytes;
            try (Cursor cursor = partition.read(From.start())) {
                while (cursor.next()) {
                    bytes += cursor.buffer().remaining();
                    // The clock is looked at once in a while: it is not what is measured.
                    if ((cursor.offset() & 0xff) == 0 && System.nanoTime() >= untilNanos) {
                        return bytes;
                    }
                }
            }
            if (bytes == before) {
                throw new IllegalStateException("there is nothing to read: side=" + name);
            }
        }
        return bytes;
    }

    @Override
    public void empty() {
        if (!isRead) {
            partition.trimTo(partition.ends().durable());
        }
    }

    @Override
    public void close() {
        closing.run();
    }
}
