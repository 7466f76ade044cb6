package dev.tidemark.server;

import dev.tidemark.client.protocol.Request;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A process that holds many connections to a server, and does next to nothing with them. Ends when its input does, or is killed. */
public final class IdleCrowd {
    /** More often than a server closes what is silent. */
    private static final long ROUND_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final List<RawClient> clients = new ArrayList<>();
    private long lastRound = System.nanoTime();

    private IdleCrowd() {}

    /** Connects so many times to this port, says {@code ready}, and for each line of input pings on every connection and says {@code pong}. */
    public static void main(String[] args) throws IOException {
        IdleCrowd crowd = new IdleCrowd();
        int port = Integer.parseInt(args[0]);
        for (int i = Integer.parseInt(args[1]); i > 0; i--) {
            crowd.join(port);
        }
        say("ready");
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            while (in.readLine() != null) {
                crowd.pingAll();
                say("pong");
            }
        }
    }

    private static void say(String word) {
        System.out.println(word);
        System.out.flush();
    }

    private void join(int port) throws IOException {
        RawClient client = RawClient.small(port);
        client.hello();
        clients.add(client);
        if (System.nanoTime() - lastRound > ROUND_NANOS) {
            pingAll();
        }
    }

    private void pingAll() throws IOException {
        for (RawClient client : clients) {
            client.send(new Request.Ping(client.nextId()));
        }
        for (RawClient client : clients) {
            client.next();
        }
        lastRound = System.nanoTime();
    }
}
