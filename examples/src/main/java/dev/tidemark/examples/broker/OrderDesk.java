package dev.tidemark.examples.broker;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * A program that embeds the broker: two threads take orders, a third bills them, until somebody ends the process, in whatever way. Started again on the same
 * directory it goes on where it was.
 *
 * <p>It prints {@code taken ID} when an order is durable, {@code billed ID} when it was handled, and {@code committed} when all that was billed so far will not come
 * again. Each line ends with a semicolon, so that one can tell a line that a kill cut off.
 */
public final class OrderDesk {
    private static final String TOPIC = "orders";
    private static final int PARTITIONS = 3;
    private static final int DESKS = 2;
    private static final int COMMIT_EACH = 5;
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    private OrderDesk() {}

    /** Arguments: the directory, and a name for this run, which makes its orders different from those of others. */
    public static void main(String[] arguments) throws InterruptedException {
        String run = arguments.length > 1 ? arguments[1] : Long.toString(System.currentTimeMillis());
        try (Broker broker = Broker.open(Path.of(arguments[0]))) {
            broker.createTopic(TOPIC, PARTITIONS);
            for (int desk = 0; desk < DESKS; desk++) {
                String name = run + "-" + desk;
                Thread thread = new Thread(() -> takeOrders(broker, name), "desk-" + desk);
                thread.setDaemon(true);
                thread.start();
            }
            bill(broker);
        }
    }

    private static void takeOrders(Broker broker, String desk) {
        for (int number = 0; ; number++) {
            String id = desk + "-" + number;
            broker.publish(TOPIC, "customer " + number % 7, id);
            say("taken " + id);
        }
    }

    private static void bill(Broker broker) throws InterruptedException {
        try (Consumer billing = broker.consumer(TOPIC, "billing")) {
            int billed = 0;
            while (true) {
                Optional<Message> order = billing.poll(PATIENCE);
                if (order.isPresent()) {
                    say("billed " + order.get().value());
                    billed++;
                }
                if (order.isEmpty() || billed % COMMIT_EACH == 0) {
                    billing.commit();
                    say("committed");
                }
            }
        }
    }

    private static void say(String line) {
        System.out.print(line + ";\n");
        System.out.flush();
    }
}
