package dev.tidemark.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class AdmissionTest {
    private final AtomicInteger all = new AtomicInteger();
    private final AtomicInteger strangers = new AtomicInteger();

    private Admission of(int max, int maxOfAddress, int maxStrangers) {
        return new Admission(max, maxOfAddress, maxStrangers, all, strangers);
    }

    private static InetSocketAddress address(String text) throws UnknownHostException {
        return new InetSocketAddress(InetAddress.getByName(text), 1);
    }

    private static ServerMeters.End end(Admission.Guest guest) {
        return guest.refusal().orElseThrow().end();
    }

    @Test
    void eachBound_refusesTheOneTooMany_untilAnotherHasLeft() throws UnknownHostException {
        Admission admission = of(4, 3, 2);
        List<Admission.Guest> guests = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            guests.add(admission.enter(address("192.0.2.1")));
        }
        assertThat(guests.get(1).refusal())
                .hasValueSatisfying(refusal -> assertThat(refusal.end()).isEqualTo(ServerMeters.End.STRANGER_LIMIT));
        guests.forEach(Admission.Guest::isKnown);
        assertThat(guests.get(2).refusal()).isEmpty();
        Admission.Guest fourth = admission.enter(address("192.0.2.1"));
        assertThat(end(fourth)).isEqualTo(ServerMeters.End.ADDRESS_LIMIT);
        fourth.leave();
        Admission.Guest elsewhere = admission.enter(address("192.0.2.2"));
        assertThat(elsewhere.refusal()).isEmpty();
        assertThat(end(admission.enter(address("192.0.2.3")))).isEqualTo(ServerMeters.End.LIMIT);
    }

    @Test
    void whoLeaves_isCountedOnce_andLeavesNothing() throws UnknownHostException {
        Admission admission = of(9, 9, 9);
        Admission.Guest known = admission.enter(address("192.0.2.1"));
        Admission.Guest stranger = admission.enter(address("192.0.2.1"));
        known.isKnown();
        known.isKnown();
        known.leave();
        known.leave();
        stranger.leave();
        assertThat(all).hasValue(0);
        assertThat(strangers).hasValue(0);
        assertThat(admission.addresses()).isZero();
    }

    @Test
    void networkOfVersion6_isOneAddress() throws UnknownHostException {
        assertThat(Admission.place(address("2001:db8::1"))).isEqualTo(Admission.place(address("2001:db8::ffff:9")));
        assertThat(Admission.place(address("2001:db8::1"))).isNotEqualTo(Admission.place(address("2001:db8:0:1::1")));
        assertThat(Admission.place(address("::ffff:192.0.2.1"))).isEqualTo(InetAddress.getByName("192.0.2.1"));
        assertThat(Admission.place(InetSocketAddress.createUnresolved("nowhere.invalid", 1)))
                .isNotNull();
    }

    @Test
    void manyAtOnce_areNeverTooMany_andAllAreCountedOut() throws Exception {
        Admission admission = of(50, 50, 50);
        AtomicInteger staying = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            threads.add(new Thread(() -> {
                List<Admission.Guest> in = new ArrayList<>();
                for (int i = 0; i < 20_000; i++) {
                    Admission.Guest guest = admission.enter(new InetSocketAddress("127.0.0.1", 1));
                    if (guest.refusal().isPresent()) {
                        guest.leave();
                    } else {
                        in.add(guest);
                        most.accumulateAndGet(staying.incrementAndGet(), Math::max);
                    }
                    if (in.size() == 25 || i == 19_999) {
                        in.forEach(each -> {
                            staying.decrementAndGet();
                            each.leave();
                        });
                        in.clear();
                    }
                }
            }));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join(60_000);
            assertThat(thread.isAlive()).isFalse();
        }
        assertThat(most.get()).isBetween(1, 50);
        assertThat(all).hasValue(0);
        assertThat(strangers).hasValue(0);
        assertThat(admission.addresses()).isZero();
    }
}
