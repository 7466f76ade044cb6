package dev.tidemark.contract;

import dev.tidemark.client.WalClient;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.Partition;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;

/**
 * A client in a process of its own, which is going to be killed: appends without end, alone and with many on their way, waits for what comes, reads, and says of each append that was acknowledged
 * where it is: {@code value offset}.
 */
public final class AppendingProcess {
    private static final int WINDOW = 32;

    private AppendingProcess() {}

    /** Its port and its name. */
    public static void main(String[] args) {
        WalClient client = WalClient.connect("127.0.0.1:" + args[0]);
        Partition orders = client.partition("orders", 0);
        start(() -> waiting(orders, args[1] + "-waiting"));
        start(() -> many(orders, args[1] + "-many"));
        start(() -> reading(orders));
        orders.whenReadable(Long.MAX_VALUE / 2).join();
    }

    private static void start(Runnable body) {
        new Thread(body).start();
    }

    private static void acknowledged(String value, long offset) {
        // One write for a line: what a process that is killed has said, it has said whole.
        String line = value + " " + offset + "\n";
        synchronized (System.out) {
            System.out.write(line.getBytes(StandardCharsets.UTF_8), 0, line.length());
            System.out.flush();
        }
    }

    private static void waiting(Partition orders, String name) {
        for (int i = 0; ; i++) {
            String value = name + ":" + i;
            acknowledged(value, orders.append(value.getBytes(StandardCharsets.UTF_8)));
        }
    }

    private static void many(Partition orders, String name) {
        Deque<CompletableFuture<Long>> underWay = new ArrayDeque<>();
        for (int i = 0; ; i++) {
            underWay.add(orders.appendAsync((name + ":" + i).getBytes(StandardCharsets.UTF_8)));
            if (underWay.size() == WINDOW) {
                acknowledged(name + ":" + (i - WINDOW + 1), underWay.remove().join());
            }
        }
    }

    private static void reading(Partition orders) {
        try (Cursor cursor = orders.read(From.start())) {
            while (cursor.next(Duration.ofHours(1))) {
                cursor.value();
            }
        }
    }
}
