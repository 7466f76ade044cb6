package dev.tidemark.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.OutcomeUnknownException;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.ProducerIdentity;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Order and exactly-once, whatever is answered or not: step by step, against the rules of the log. */
class ProducerPipelineTest {
    private static final PartitionId ORDERS = new PartitionId("orders", 0);
    private static final long NEVER = Long.MAX_VALUE / 2;

    private final ModelLog log = new ModelLog();
    private final List<PendingAppend> appends = new ArrayList<>();
    private long now;

    private SimulatedConnections wire;
    private AppendQueue queue;
    private BufferRoom room;
    private ProducerPipeline pipeline;

    private void begin(long seed, int batchRecords, int maxInFlight) {
        wire = new SimulatedConnections(log, new SplittableRandom(seed));
        queue = new AppendQueue(UnpooledByteBufAllocator.DEFAULT, 64 << 10, batchRecords, 0);
        room = new BufferRoom(1 << 20);
        pipeline = new ProducerPipeline(
                ORDERS,
                queue,
                room,
                new Callbacks(Thread::new),
                UnpooledByteBufAllocator.DEFAULT,
                maxInFlight,
                new ProducerIdentity(7, 0));
        wire.use(pipeline);
    }

    /** The n-th append has the value n. */
    private PendingAppend append(long deadline) throws InterruptedException {
        byte[] value = ByteBuffer.allocate(4).putInt(appends.size()).array();
        PendingAppend append = PendingAppend.awaited(1, deadline);
        assertThat(room.take(100, 0)).isTrue();
        queue.add(AppendRequest.of(value), 4, append, 100, now);
        appends.add(append);
        return append;
    }

    private void pumpOrRestart() {
        if (pipeline.isWaitingToRestart()) {
            pipeline.restart(wire, now);
        } else {
            pipeline.pump(wire, now);
        }
    }

    private void settleAll() {
        wire.refusals = 0;
        wire.connect();
        for (int i = 0; i < 10_000 && (!pipeline.isIdle() || wire.hasWork()); i++) {
            pumpOrRestart();
            wire.arrive();
            wire.answer();
        }
        assertThat(pipeline.isIdle()).as("everything was answered").isTrue();
    }

    private static <E extends WalException> E failure(Class<E> type, PendingAppend append) {
        assertThat(append.isSettled()).isTrue();
        return catchThrowableOfType(type, append::result);
    }

    private void assertThatTheLogHasEachOnce() {
        List<Integer> values = log.values();
        for (int i = 0; i < appends.size(); i++) {
            PendingAppend append = appends.get(i);
            assertThat(append.isSettled()).as("append %s is settled", i).isTrue();
            int copies = Collections.frequency(values, i);
            try {
                long offset = append.result();
                assertThat(copies).as("copies of append %s at %s", i, offset).isEqualTo(1);
                assertThat(values.get((int) offset)).isEqualTo(i);
            } catch (OutcomeUnknownException e) {
                assertThat(copies)
                        .as("copies of append %s: %s", i, e.getMessage())
                        .isLessThanOrEqualTo(1);
            } catch (WalException e) {
                assertThat(copies)
                        .as("copies of append %s: %s", i, e.getMessage())
                        .isZero();
            }
        }
        assertThat(values).as("in the order of the calls").isSorted();
        assertThat(room.takenBytes()).as("all room was given back").isZero();
    }

    // ---------------------------------------------------------------- one case each

    @Test
    void whatWaitsWhileTheOthersAreOnTheirWay_travelsTogether() throws Exception {
        begin(1, 1_000, 2);
        for (int i = 0; i < 10; i++) {
            append(NEVER);
            pipeline.pump(wire, now);
        }
        assertThat(pipeline.unanswered()).isEqualTo(2);
        wire.arrive();
        wire.answer();
        pipeline.pump(wire, now);
        wire.arrive();
        wire.arrive();
        assertThat(log.values()).as("one, one, and the eight that waited").hasSize(10);
        settleAll();
        assertThatTheLogHasEachOnce();
    }

    @Test
    void manyCallersThatWait_areSentInFewMessages() throws Exception {
        begin(1, 1_000, 5);
        for (int i = 0; i < 15; i++) {
            append(NEVER);
            pipeline.pump(wire, now);
        }
        assertThat(pipeline.unanswered())
                .as("1, 1, 2, 4, and 7 that wait for an eighth or an answer")
                .isEqualTo(4);
        append(NEVER);
        pipeline.pump(wire, now);
        assertThat(pipeline.unanswered()).as("the eighth has come").isEqualTo(5);
        settleAll();
        assertThatTheLogHasEachOnce();
    }

    @Test
    void fewThatWaitForCompany_areSentWithTheNextAnswer() throws Exception {
        begin(1, 1_000, 5);
        for (int i = 0; i < 5; i++) {
            append(NEVER);
            pipeline.pump(wire, now);
        }
        assertThat(pipeline.unanswered()).as("1, 1, 2, and one that waits").isEqualTo(3);
        for (int i = 0; i < 3; i++) {
            wire.arrive();
        }
        wire.answer();
        wire.answer();
        wire.answer();
        pipeline.pump(wire, now);
        wire.arrive();
        assertThat(log.values()).hasSize(5);
        settleAll();
        assertThatTheLogHasEachOnce();
    }

    @Test
    void connectionIsLostBeforeTheAnswer_theRepeatGetsTheOldOffset() throws Exception {
        begin(1, 1, 5);
        append(NEVER);
        append(NEVER);
        pipeline.pump(wire, now);
        wire.arrive();
        wire.arrive();
        wire.cut();
        settleAll();
        assertThat(log.values()).containsExactly(0, 1);
        assertThatTheLogHasEachOnce();
        assertThat(pipeline.producer().epoch()).isZero();
    }

    @Test
    void oneIsRefused_thoseBehindItFollowUnderItsSequence() throws Exception {
        begin(1, 1, 5);
        for (int i = 0; i < 4; i++) {
            append(NEVER);
        }
        pipeline.pump(wire, now);
        wire.arrive();
        wire.refusals = 1;
        wire.arrive();
        wire.refusals = 0;
        settleAll();
        assertThatTheLogHasEachOnce();
        assertThat(pipeline.producer().epoch()).isZero();
    }

    @Test
    void logHasLostWhatWasAcknowledged_theNextEpochGoesOn() throws Exception {
        begin(1, 1, 5);
        append(NEVER);
        append(NEVER);
        settleAll();
        log.forgetProducers();
        append(NEVER);
        append(NEVER);
        settleAll();
        assertThat(log.values()).containsExactly(0, 1, 2, 3);
        assertThat(pipeline.producer().epoch()).isEqualTo(1);
    }

    @Test
    void producerIsForgottenWhileARepeatIsNeeded_theOutcomeIsUnknown_andItIsNotWrittenAgain() throws Exception {
        begin(1, 1, 5);
        append(NEVER);
        settleAll();
        PendingAppend sentTwice = append(NEVER);
        pipeline.pump(wire, now);
        wire.arrive();
        wire.cut();
        log.forgetProducers();
        PendingAppend later = append(NEVER);
        settleAll();
        assertThat(failure(OutcomeUnknownException.class, sentTwice).code()).isEqualTo(ErrorCode.PRODUCER_UNKNOWN);
        assertThat(later.result()).isEqualTo(2);
        assertThat(log.values()).containsExactly(0, 1, 2);
    }

    @Test
    void answerOfTheOldestIsMissing_noMoreAreSentThanTheLogCanTellRepeatsOf() throws Exception {
        begin(1, 1, 8);
        for (int i = 0; i < 30; i++) {
            append(NEVER);
        }
        for (int i = 0; i < 200; i++) {
            pipeline.pump(wire, now);
            wire.arrive();
            wire.answerAllButTheFirst();
        }
        assertThat(log.values())
                .as("eight, while nothing is heard of the first")
                .hasSize(8);
        wire.cut();
        settleAll();
        assertThat(appends.get(0).result()).isZero();
        assertThatTheLogHasEachOnce();
    }

    @Test
    void firstOfAllIsRepeated_andThoseBehindItAreSentTwice_noneIsTakenForForgotten() throws Exception {
        begin(1, 1, 5);
        for (int i = 0; i < 3; i++) {
            append(NEVER);
        }
        pipeline.pump(wire, now);
        wire.cut();
        wire.connect();
        pumpOrRestart();
        wire.refusals = 1;
        wire.arrive();
        settleAll();
        assertThat(log.values()).containsExactly(0, 1, 2);
        for (PendingAppend append : appends) {
            assertThat(append.result()).isNotNegative();
        }
    }

    @Test
    void anotherGoesOnInThisProducersPlace_everythingFails_andNothingIsAdded() throws Exception {
        begin(1, 1, 5);
        append(NEVER);
        settleAll();
        log.append(new ProducerIdentity(7, 5), 0, List.of(100));
        PendingAppend fenced = append(NEVER);
        settleAll();
        assertThat(failure(InvalidCallException.class, fenced).code()).isEqualTo(ErrorCode.PRODUCER_FENCED);
        WalException refused = catchThrowableOfType(WalException.class, () -> append(NEVER));
        assertThat(refused.code()).isEqualTo(ErrorCode.PRODUCER_FENCED);
    }

    @Test
    void deadlineOfOneInABatchThatWasNotSent_itIsLeftOut() throws Exception {
        begin(1, 100, 1);
        append(NEVER);
        pipeline.pump(wire, now);
        append(NEVER);
        PendingAppend late = append(10);
        append(NEVER);
        now = 11;
        pipeline.expire(now, "server", true);
        assertThat(failure(AppendRefusedException.class, late).code()).isEqualTo(ErrorCode.APPEND_REJECTED);
        settleAll();
        assertThat(log.values()).containsExactly(0, 1, 3);
        assertThatTheLogHasEachOnce();
    }

    @Test
    void deadlineWithoutAConnection_saysThatTheServerCannotBeReached() throws Exception {
        begin(1, 100, 1);
        wire.cut();
        PendingAppend late = append(10);
        pumpOrRestart();
        now = 11;
        pipeline.expire(now, "server:1", false);
        AppendRefusedException refused = failure(AppendRefusedException.class, late);
        assertThat(refused.code()).isEqualTo(ErrorCode.SERVER_UNREACHABLE);
        assertThat(refused).hasMessageContaining("server=server:1");
        assertThat(room.takenBytes()).isZero();
        settleAll();
        assertThat(log.values()).isEmpty();
    }

    @Test
    void deadlineAfterItWasSent_leavesItOnItsWay() throws Exception {
        begin(1, 1, 5);
        PendingAppend sent = append(10);
        pipeline.pump(wire, now);
        now = 11;
        pipeline.expire(now, "server", true);
        assertThat(failure(OutcomeUnknownException.class, sent).code()).isEqualTo(ErrorCode.WAIT_TIMEOUT);
        wire.cut();
        settleAll();
        assertThat(log.values()).as("it was repeated all the same").containsExactly(0);
    }

    @Test
    void endOfTheClient_everybodyIsTold() throws Exception {
        begin(1, 1, 1);
        PendingAppend sent = append(NEVER);
        pipeline.pump(wire, now);
        PendingAppend queued = append(NEVER);
        pipeline.close();
        assertThat(failure(OutcomeUnknownException.class, sent).code()).isEqualTo(ErrorCode.PARTITION_CLOSED);
        assertThat(failure(UnavailableException.class, queued).code()).isEqualTo(ErrorCode.PARTITION_CLOSED);
        assertThat(room.takenBytes()).isZero();
    }

    // ---------------------------------------------------------------- all of it at once

    /** Seeds go on from the first; one that fails is in the message. */
    @ParameterizedTest
    @CsvSource({"1, 5, 0.05, 0.0", "1, 8, 0.2, 0.3", "3, 5, 0.1, 0.3", "100, 2, 0.2, 0.3", "100, 1, 0.3, 0.0"})
    void anyOrderOfLossesRefusalsAndCrashes_eachIsThereOnce_inOrder(
            int batchRecords, int maxInFlight, double refusals, double crashes) throws Exception {
        long firstSeed = new SplittableRandom().nextLong();
        for (int run = 0; run < 300; run++) {
            long seed = firstSeed + run;
            try {
                ProducerPipelineTest one = new ProducerPipelineTest();
                one.randomRun(seed, batchRecords, maxInFlight, refusals, crashes);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed=" + seed, e);
            }
        }
    }

    private void randomRun(long seed, int batchRecords, int maxInFlight, double refusals, double crashes)
            throws InterruptedException {
        begin(seed, batchRecords, maxInFlight);
        SplittableRandom random = new SplittableRandom(seed);
        wire.refusals = refusals;
        wire.crashes = crashes;
        for (int step = 0; step < 400; step++) {
            now++;
            switch (random.nextInt(16)) {
                case 0, 1, 2, 3 -> append(random.nextInt(8) == 0 ? now + random.nextInt(20) : NEVER);
                case 4, 5, 6, 7 -> pumpOrRestart();
                case 8, 9, 10 -> wire.arrive();
                case 11, 12 -> wire.answer();
                case 13 -> wire.arriveStale();
                case 14 -> pipeline.expire(now, "server", wire.isReady());
                default -> {
                    if (random.nextInt(3) == 0) {
                        wire.cut();
                    } else {
                        wire.connect();
                    }
                }
            }
        }
        settleAll();
        // Whatever the server still had of old connections comes now.
        for (int i = 0; i < 500; i++) {
            wire.arriveStale();
        }
        assertThatTheLogHasEachOnce();
    }
}
