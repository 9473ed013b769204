import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import software.amazon.dynamodb.services.local.main.ServerRunner;

/** Starts DynamoDB Local on loopback: by itself it listens on every interface and has no option. */
public class Loopback {
    public static void main(String[] arguments) throws Exception {
        var dynamodb = ServerRunner.createServerFromCommandLineArgs(arguments);
        var field = dynamodb.getClass().getDeclaredField("server");
        field.setAccessible(true);
        for (var connector : ((Server) field.get(dynamodb)).getConnectors()) {
            ((ServerConnector) connector).setHost("127.0.0.1");
        }
        dynamodb.start();
        dynamodb.join();
    }
}
