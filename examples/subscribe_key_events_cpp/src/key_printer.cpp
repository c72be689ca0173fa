// Prints key events: press and release, key, finger, and how long before the deciding frame the finger touched.

#include <memory>
#include <string>

#include "rclcpp/rclcpp.hpp"
#include "visualization_msgs/msg/interactive_marker_feedback.hpp"

using Feedback = visualization_msgs::msg::InteractiveMarkerFeedback;

class KeyPrinter : public rclcpp::Node
{
public:
  KeyPrinter()
  : Node("key_printer")
  {
    subscription_ = create_subscription<Feedback>(
      "/fingertip_contact/key_events", rclcpp::QoS(100),
      [this](const Feedback & event) {print(event);});
  }

private:
  void print(const Feedback & event)
  {
    std::string name;
    if (event.event_type == Feedback::MOUSE_DOWN) {
      name = "press";
    } else if (event.event_type == Feedback::MOUSE_UP) {
      name = event.mouse_point_valid ? "release" : "cancel";
    } else {
      return;  // A pressed finger that slides, or a key that repeats.
    }
    RCLCPP_INFO(
      get_logger(), "%s '%s' by %s, %u ms ago", name.c_str(), event.control_name.c_str(),
      event.client_id.c_str(), event.menu_entry_id / 1000u);
  }

  rclcpp::Subscription<Feedback>::SharedPtr subscription_;
};

int main(int argc, char ** argv)
{
  rclcpp::init(argc, argv);
  rclcpp::spin(std::make_shared<KeyPrinter>());
  rclcpp::shutdown();
  return 0;
}
