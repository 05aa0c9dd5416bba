package server;

import java.io.IOException;
import org.apache.catalina.Context;
import org.apache.catalina.Host;
import org.apache.catalina.ha.session.DeltaManager;
import org.apache.catalina.ha.tcp.ReplicationValve;
import org.apache.catalina.ha.tcp.SimpleTcpCluster;
import org.apache.catalina.tribes.Channel;
import org.apache.catalina.tribes.group.GroupChannel;
import org.apache.catalina.tribes.group.interceptors.StaticMembershipInterceptor;
import org.apache.catalina.tribes.group.interceptors.TcpFailureDetector;
import org.apache.catalina.tribes.group.interceptors.TcpPingInterceptor;
import org.apache.catalina.tribes.membership.StaticMember;
import org.apache.catalina.tribes.transport.nio.NioReceiver;

/**
 * Tomcat's own replication between two Tomcats on loopback, without multicast: a response waits until
 * the other has acknowledged. The peer that benchmarks compare with.
 */
final class Replication {
  private static final int SYNCHRONIZED_WITH_ACK =
      Channel.SEND_OPTIONS_SYNCHRONIZED_ACK | Channel.SEND_OPTIONS_USE_ACK;

  private Replication() {}

  static void of(Host host, Context context, int[] ports) throws IOException {
    NioReceiver receiver = new NioReceiver();
    receiver.setAddress("127.0.0.1");
    receiver.setPort(ports[0]);
    receiver.setAutoBind(1);
    StaticMembershipInterceptor members = new StaticMembershipInterceptor();
    members.setLocalMember(member(ports[0]));
    members.addStaticMember(member(ports[1]));
    GroupChannel channel = new GroupChannel();
    channel.setChannelReceiver(receiver);
    channel.addInterceptor(new TcpPingInterceptor());
    channel.addInterceptor(new TcpFailureDetector());
    channel.addInterceptor(members);
    SimpleTcpCluster cluster = new SimpleTcpCluster();
    cluster.setChannelSendOptions(SYNCHRONIZED_WITH_ACK);
    cluster.setChannelStartOptions(Channel.SND_RX_SEQ | Channel.SND_TX_SEQ);
    cluster.setChannel(channel);
    cluster.setManagerTemplate(new DeltaManager());
    cluster.addValve(new ReplicationValve());
    host.setCluster(cluster);
    context.setDistributable(true);
  }

  private static StaticMember member(int port) throws IOException {
    StaticMember member = new StaticMember("127.0.0.1", port, 0);
    byte[] id = new byte[16];
    id[0] = (byte) (port >> 8);
    id[1] = (byte) port;
    member.setUniqueId(id);
    return member;
  }
}
