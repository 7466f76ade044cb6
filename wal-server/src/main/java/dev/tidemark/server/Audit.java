package dev.tidemark.server;

import dev.tidemark.client.protocol.PartitionName;
import dev.tidemark.server.security.Identity;
import dev.tidemark.server.security.Quoted;
import dev.tidemark.wal.api.ErrorCode;
import java.net.SocketAddress;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What was refused to whom, and who has changed what: a line each, of values with names, in a log of its own. Whatever a peer has chosen is quoted. No line has a token, a key or a payload.
 *
 * <p>Of refusals with one code, ten lines a second are written, so that a flood does not fill the disk, nor hide refusals of another kind; how many were left out is said by the next line, or after a
 * while by one of its own. Of changes every one is written: to make one, somebody was let in and permitted.
 *
 * <p><b>Threads.</b> Any. Refusals are found by event loops, which may not block, and are written by a pool; what it has no room for is left out.
 */
final class Audit {
    private static final Logger LOG = LoggerFactory.getLogger("dev.tidemark.audit");
    private static final int LINES_PER_SECOND = 10;

    private final RequestRates rates;
    private final Predicate<Runnable> pool;
    private final Runnable countLeftOut;
    private final Map<ErrorCode, AtomicLong> leftOut = new ConcurrentHashMap<>();

    /**
     * Nothing was left out yet.
     *
     * @param pool runs a task, or returns false
     * @param countLeftOut is run for each line that was not written
     */
    Audit(LongSupplier nanos, Predicate<Runnable> pool, Runnable countLeftOut) {
        rates = new RequestRates(LINES_PER_SECOND, nanos);
        this.pool = pool;
        this.countLeftOut = countLeftOut;
    }

    /** Who it is about. */
    record Who(String identity, String peer) {
        /** Who has not said who he is. */
        static Who stranger(@Nullable SocketAddress peer) {
            return new Who("-", String.valueOf(peer));
        }

        static Who of(Identity identity, @Nullable SocketAddress peer) {
            return new Who(identity.name(), String.valueOf(peer));
        }

        private String text() {
            return " identity=" + Quoted.value(identity) + " peer=" + Quoted.value(peer);
        }
    }

    /** Something was refused. Never blocks. */
    void refused(String what, ErrorCode code, Who who) {
        refused(what, code, who, "");
    }

    /** Something about a partition was refused, which need not be there. Never blocks. */
    void refused(String what, ErrorCode code, Who who, PartitionName partition) {
        refused(what, code, who, " partition=" + Quoted.value(partition.name() + '-' + partition.number()));
    }

    private void refused(String what, ErrorCode code, Who who, String about) {
        AtomicLong unsaid = leftOut.computeIfAbsent(code, first -> new AtomicLong());
        boolean isDue = rates.of(code.name()).map(RequestRates.Rate::take).orElse(0L) == 0;
        if (!isDue || !pool.test(() -> write(what, code, who, about, unsaid))) {
            unsaid.incrementAndGet();
            countLeftOut.run();
        }
    }

    private static void write(String what, ErrorCode code, Who who, String about, AtomicLong unsaid) {
        LOG.info("event=refused what={} code={}{}{} leftOut={}", what, code, who.text(), about, unsaid.getAndSet(0));
    }

    /** Somebody has changed something, or has tried to and failed. May block. */
    void changed(String what, Who who, PartitionName partition, String outcome) {
        LOG.info(
                "event=change what={}{} partition={} outcome={}",
                what,
                who.text(),
                Quoted.value(partition.name() + '-' + partition.number()),
                Quoted.value(outcome));
    }

    /** The files that say who may do what have changed, and were taken or not. May block. */
    void reloaded(String result) {
        LOG.info("event=reload what=access result={}", result);
    }

    /** Says what was left out and not said since. May block. */
    void tellLeftOut() {
        leftOut.forEach((code, unsaid) -> {
            long count = unsaid.getAndSet(0);
            if (count > 0) {
                LOG.info("event=leftOut code={} leftOut={}", code, count);
            }
        });
    }
}
