package dev.tidemark.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RequestRatesTest {
    /** The clock of a process may begin anywhere, and pass the end of its range. */
    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1_500_000_000L);

    private int takenAtOnce(RequestRates.Rate rate) {
        int taken = 0;
        while (rate.take() == 0) {
            taken++;
        }
        return taken;
    }

    @Test
    void asManyAsInASecond_areThereAtOnce_andThenOneAfterTheOther() {
        RequestRates.Rate rate = new RequestRates(10, nanos::get).of("shop").orElseThrow();
        assertThat(takenAtOnce(rate)).isEqualTo(10);
        for (int i = 0; i < 50; i++) {
            long wait = rate.take();
            assertThat(wait).isBetween(1L, 100_000_000L);
            nanos.addAndGet(wait - 1);
            assertThat(rate.take()).isEqualTo(1);
            nanos.incrementAndGet();
            assertThat(takenAtOnce(rate)).isEqualTo(1);
        }
        nanos.addAndGet(3_600_000_000_000L);
        assertThat(takenAtOnce(rate)).isEqualTo(10);
    }

    @Test
    void oneInASecond_isServed() {
        RequestRates.Rate rate = new RequestRates(1, nanos::get).of("shop").orElseThrow();
        for (int i = 0; i < 5; i++) {
            assertThat(takenAtOnce(rate)).isEqualTo(1);
            nanos.addAndGet(1_000_000_000L);
        }
    }

    @Test
    void identities_haveRatesOfTheirOwn_andKeepThemWhenTheyComeAgain() {
        RequestRates rates = new RequestRates(2, nanos::get);
        assertThat(takenAtOnce(rates.of("shop").orElseThrow())).isEqualTo(2);
        assertThat(takenAtOnce(rates.of("report").orElseThrow())).isEqualTo(2);
        assertThat(takenAtOnce(rates.of("shop").orElseThrow())).isZero();
    }

    @Test
    void identitiesWithoutEnd_areForgottenOnceTheyOweNothing() {
        RequestRates rates = new RequestRates(2, nanos::get);
        assertThat(takenAtOnce(rates.of("shop").orElseThrow())).isEqualTo(2);
        for (int i = 0; i < 50_000; i++) {
            assertThat(rates.of("other" + i)).isPresent();
        }
        assertThat(rates.size()).isLessThan(10_010);
        assertThat(takenAtOnce(rates.of("shop").orElseThrow())).isZero();
    }

    @Test
    void withoutALimit_thereIsNothingToTake() {
        assertThat(new RequestRates(0, nanos::get).of("shop")).isEmpty();
    }
}
