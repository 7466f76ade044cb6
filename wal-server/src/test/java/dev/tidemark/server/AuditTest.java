package dev.tidemark.server;

import static dev.tidemark.server.RawClient.ORDERS;
import static dev.tidemark.server.RawClient.codeOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemark.client.protocol.Answer;
import dev.tidemark.client.protocol.PartitionName;
import dev.tidemark.client.protocol.Request;
import dev.tidemark.server.security.TokenFile;
import dev.tidemark.server.security.Tokens;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The log of refusals and changes. */
class AuditTest {
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final Audit.Who SHOP = new Audit.Who("token:shop", "/192.0.2.1:7");

    @TempDir
    private Path directory;

    private final AtomicLong nanos = new AtomicLong();
    private final AtomicInteger counted = new AtomicInteger();
    private LogCapture log;

    @BeforeEach
    void listen() {
        log = LogCapture.of("dev.tidemark.audit");
    }

    @AfterEach
    void listenNoMore() {
        log.close();
    }

    private Audit audit(boolean hasRoom) {
        return new Audit(
                nanos::get,
                task -> {
                    if (hasRoom) {
                        task.run();
                    }
                    return hasRoom;
                },
                counted::incrementAndGet);
    }

    // ---------------------------------------------------------------- how much

    @Test
    void floodOfRefusals_isTenLinesASecond_withHowManyWereLeftOut() {
        Audit audit = audit(true);
        for (int i = 0; i < 1_000; i++) {
            audit.refused("HELLO", ErrorCode.UNAUTHENTICATED, SHOP);
        }
        assertThat(log.lines()).hasSize(10).allMatch(line -> line.endsWith(" leftOut=0"));
        assertThat(counted).hasValue(990);
        audit.refused("FETCH", ErrorCode.NOT_PERMITTED, SHOP, ORDERS);
        assertThat(log.lines()).last().asString().contains("code=NOT_PERMITTED").endsWith("leftOut=0");
        nanos.addAndGet(1_000_000_000L);
        audit.refused("HELLO", ErrorCode.UNAUTHENTICATED, SHOP);
        assertThat(log.lines()).last().asString().endsWith("leftOut=990");
    }

    @Test
    void whatWasLeftOut_isToldOnce_alsoWhenNothingFollows() {
        Audit audit = audit(false);
        audit.refused("HELLO", ErrorCode.UNAUTHENTICATED, SHOP);
        audit.refused("HELLO", ErrorCode.UNAUTHENTICATED, SHOP);
        assertThat(log.lines()).isEmpty();
        audit.tellLeftOut();
        audit.tellLeftOut();
        assertThat(log.lines()).containsExactly("event=leftOut code=UNAUTHENTICATED leftOut=2");
    }

    @Test
    void changes_areAllWritten() {
        Audit audit = audit(false);
        for (int i = 0; i < 100; i++) {
            audit.changed("DELETE", SHOP, ORDERS, "done");
        }
        assertThat(log.lines())
                .hasSize(100)
                .containsOnly("event=change what=DELETE identity=token:shop peer=/192.0.2.1:7 partition=orders-0"
                        + " outcome=done");
    }

    @Test
    void whatAPeerHasChosen_isQuotedAndEndsNoLine() {
        Audit audit = audit(true);
        String name = "x\n12:00:00 INFO event=change what=DELETE \u001b[2J\u202e\"\\" + "y".repeat(1_000);
        audit.refused("FETCH", ErrorCode.NOT_PERMITTED, SHOP, new PartitionName(name, -1, PartitionName.ANY));
        audit.refused("FETCH", ErrorCode.NOT_PERMITTED, new Audit.Who("cert:CN=a b\r", ""), ORDERS);
        assertThat(log.lines()).hasSize(2);
        assertThat(log.lines()).allMatch(line -> line.chars().allMatch(each -> each >= ' ' && each <= '~'));
        assertThat(log.lines().get(0))
                .contains("partition=\"x\\u000a12:00:00 INFO event=change")
                .contains("\\u001b[2J\\u202e\\\"\\\\yyy")
                .contains("yyy...\" leftOut=0")
                .hasSizeLessThan(600);
        assertThat(log.lines().get(1)).contains("identity=\"cert:CN=a b\\u000d\" peer=\"\" partition=orders-0");
    }

    // ---------------------------------------------------------------- of a server

    @Test
    void serverWritesDown_whatItRefusesAndWhatIsChanged() throws Exception {
        Tokens.Created operator = Tokens.create("operator", Instant.now(), Optional.empty(), new SecureRandom());
        Tokens.Created shop = Tokens.create("shop", Instant.now(), Optional.empty(), new SecureRandom());
        Path tokens = directory.resolve("tokens");
        var unused =
                new TokenFile(tokens).change(all -> all.with(operator.entry()).with(shop.entry()));
        Path permissions =
                Files.writeString(directory.resolve("permissions"), "all * token:operator\nproduce orders- *\n");
        ServerConfig config = TestServer.config()
                .tokens(tokens)
                .permissions(permissions)
                .maxPartitions(2)
                .reloadInterval(Duration.ofHours(1))
                .build();
        try (WalServer server = TestServer.start(
                config, TestServer.store(directory.resolve("data")).build())) {
            try (RawClient stranger = RawClient.connect(server.port())) {
                assertThat(codeOf(stranger.hello("nonsense"))).isEqualTo("UNAUTHENTICATED");
            }
            try (RawClient client = as(server, shop)) {
                client.append(ORDERS, "a");
                assertThat(codeOf(client.call(client.fetch(ORDERS, 0, 1, 0)))).isEqualTo("NOT_PERMITTED");
                PartitionName evil = new PartitionName("evil\nevent=change", 0, PartitionName.ANY);
                assertThat(codeOf(client.call(new Request.Delete(client.nextId(), evil))))
                        .isEqualTo("NOT_PERMITTED");
                awaitLine("event=refused what=HELLO code=UNAUTHENTICATED identity=- peer=/127.0.0.1:");
                awaitLine("event=change what=CREATE identity=token:shop peer=/127.0.0.1:", "partition=orders-0");
                awaitLine("event=refused what=FETCH code=NOT_PERMITTED identity=token:shop", "partition=orders-0");
                awaitLine("what=DELETE code=NOT_PERMITTED", "partition=\"evil\\u000aevent=change-0\"");
            }
            try (RawClient client = as(server, operator)) {
                PartitionName made = new PartitionName("made", 0, PartitionName.ANY);
                PartitionName third = new PartitionName("third", 0, PartitionName.ANY);
                assertThat(client.call(new Request.Create(client.nextId(), made)))
                        .isInstanceOf(Answer.Created.class);
                assertThat(client.call(new Request.Create(client.nextId(), made)))
                        .isInstanceOf(Answer.Created.class);
                assertThat(codeOf(client.call(client.value(third, new byte[1], Durability.SYNCED))))
                        .isEqualTo("PARTITIONS_FULL");
                assertThat(client.call(new Request.Trim(client.nextId(), ORDERS, 1)))
                        .isInstanceOf(Answer.Trimmed.class);
                assertThat(codeOf(client.call(new Request.Trim(client.nextId(), third, 1))))
                        .isEqualTo("PARTITION_UNKNOWN");
                assertThat(client.call(new Request.Delete(client.nextId(), ORDERS)))
                        .isInstanceOf(Answer.Deleted.class);
                awaitLine("event=change what=CREATE identity=token:operator", "partition=made-0 outcome=done");
                awaitLine("event=refused what=CREATE code=PARTITIONS_FULL", "partition=third-0");
                awaitLine("event=change what=TRIM identity=token:operator", "partition=orders-0 outcome=done");
                awaitLine("event=refused what=TRIM code=PARTITION_UNKNOWN", "partition=third-0");
                awaitLine("event=change what=DELETE identity=token:operator", "partition=orders-0 outcome=done");
                var unusedToo = new TokenFile(tokens).change(all -> all.without("operator"));
                server.reload();
                assertThat(client.untilClosed()).extracting(RawClient::codeOf).containsExactly("UNAUTHENTICATED");
                awaitLine("event=reload what=access result=LOADED");
                awaitLine("event=refused what=STAY code=UNAUTHENTICATED identity=token:operator");
            }
        }
        assertThat(log.lines())
                .filteredOn(line -> line.contains("partition=made-0"))
                .hasSize(1);
        assertThat(log.lines()).allMatch(line -> !line.contains("\n"));
    }

    private static RawClient as(WalServer server, Tokens.Created token) throws IOException {
        RawClient client = RawClient.connect(server.port());
        assertThat(client.hello(token.token())).isInstanceOf(Answer.Welcome.class);
        return client;
    }

    /** Refusals are written by a pool, after the answer. */
    private void awaitLine(String... parts) {
        await().atMost(PATIENCE)
                .until(() -> log.lines().stream().anyMatch(line -> {
                    for (String part : parts) {
                        if (!line.contains(part)) {
                            return false;
                        }
                    }
                    return true;
                }));
    }
}
