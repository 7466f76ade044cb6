package dev.tidemark.crashtest;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Starts one child after the other.
 *
 * <p><b>Threads.</b> One starts them; any may {@link #stop}, from when on there is none and none can be started.
 */
final class Children {
    private final TestChild.Settings settings;
    private Optional<TestChild> last = Optional.empty();
    private boolean isStopped;

    Children(TestChild.Settings settings) {
        this.settings = settings;
    }

    TestChild.Settings settings() {
        return settings;
    }

    /** A new child, whose adapter is there. The caller closes it. */
    TestChild start() throws IOException, AdapterFailureException {
        return start(List.of());
    }

    /** The same, run by another program, whose command this is. */
    TestChild start(List<String> runner) throws IOException, AdapterFailureException {
        TestChild child;
        synchronized (this) {
            goOnUnlessStopped();
            child = TestChild.start(settings, runner);
            last = Optional.of(child);
        }
        try {
            child.awaitHello();
            return child;
        } catch (AdapterFailureException | RuntimeException e) {
            child.close();
            goOnUnlessStopped();
            throw e;
        }
    }

    /** What the adapter says about itself. */
    AdapterTraits traits() throws IOException, AdapterFailureException {
        try (TestChild child = start()) {
            return child.traits();
        }
    }

    synchronized void goOnUnlessStopped() {
        if (isStopped) {
            throw new StoppedException();
        }
    }

    synchronized void stop() {
        isStopped = true;
        last.ifPresent(TestChild::kill);
    }
}
