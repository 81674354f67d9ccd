package tegata.test

/** Runs the documentation's examples, whose classes are given; one JVM for all saves time. */
fun main(classes: Array<String>) = classes.forEach { name ->
    try {
        Class.forName(name).getMethod("main").invoke(null)
    } catch (thrown: java.lang.reflect.InvocationTargetException) {
        println("FAILED: $name")
        thrown.targetException.printStackTrace(System.out)
        kotlin.system.exitProcess(1)
    }
}
