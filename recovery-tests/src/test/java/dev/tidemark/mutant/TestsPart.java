package dev.tidemark.mutant;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.EngineFilter;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs tests of certain classes, all or some of their methods; each failure begins with the method's name and a colon. */
final class TestsPart implements HarnessPart {
    /** Against a mutant, which may have lost a deadline or a wake-up: a test that has not ended by then is taken for failed. */
    private static final int LONGEST_AGAINST_A_MUTANT_SECONDS = 15;
    /** Against the engine as it is. Nothing takes that long on the slowest machine. */
    private static final int LONGEST_SECONDS = 300;

    /** The tests of the promises P1 to P12. */
    static final List<String> PROMISES = List.of("dev.tidemark.wal.PromisesTest", "dev.tidemark.wal.GoldenStoreTest");

    private final List<Class<?>> classes = new ArrayList<>();

    private final int longestSeconds;

    TestsPart(ClassLoader engine, boolean isMutant, List<String> classNames) throws ClassNotFoundException {
        longestSeconds = isMutant ? LONGEST_AGAINST_A_MUTANT_SECONDS : LONGEST_SECONDS;
        for (String name : classNames) {
            classes.add(Class.forName(name, false, engine));
        }
    }

    @Override
    public Findings run(String what) {
        Set<String> wanted = what.isEmpty() ? Set.of() : Set.of(what.split(","));
        List<DiscoverySelector> selectors = new ArrayList<>();
        for (Class<?> each : classes) {
            if (wanted.isEmpty()) {
                selectors.add(selectClass(each));
            } else {
                Stream.of(each.getDeclaredMethods())
                        .filter(method -> wanted.contains(method.getName()))
                        .forEach(method -> selectors.add(selectMethod(each, method)));
            }
        }
        if (selectors.size() < wanted.size()) {
            throw new IllegalArgumentException("not all of these tests are there: " + what);
        }
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(selectors)
                .filters(EngineFilter.includeEngines("junit-jupiter"))
                .configurationParameter("junit.jupiter.execution.timeout.default", longestSeconds + " s")
                .configurationParameter("junit.jupiter.execution.timeout.thread.mode.default", "SEPARATE_THREAD")
                .build();
        Listener listener = new Listener();
        LauncherFactory.create().execute(request, listener);
        return new Findings(listener.tried, listener.failures);
    }

    private static final class Listener implements TestExecutionListener {
        private final List<String> failures = new ArrayList<>();
        private int tried;

        @Override
        public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            tried += test.isTest() ? 1 : 0;
            result.getThrowable()
                    .filter(failure -> result.getStatus() == TestExecutionResult.Status.FAILED)
                    .ifPresent(failure -> {
                        Findings.throwIfNotLoaded(failure);
                        failures.add(nameOf(test) + ": " + MutantWorker.line(failure));
                    });
        }

        private static String nameOf(TestIdentifier test) {
            return test.getSource()
                    .filter(MethodSource.class::isInstance)
                    .map(source -> ((MethodSource) source).getMethodName())
                    .orElse(test.getDisplayName());
        }
    }

    /** The names of the tests of the promises. */
    static List<String> promises() throws ClassNotFoundException {
        List<String> names = new ArrayList<>();
        for (String each : PROMISES) {
            Stream.of(Class.forName(each).getDeclaredMethods())
                    .map(Method::getName)
                    .filter(name -> name.matches("P[0-9]+_.*"))
                    .forEach(names::add);
        }
        return names;
    }
}
